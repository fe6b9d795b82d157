package sipua

import (
	"slices"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// TestWhatChangesNothingIsNotWrittenDown plays half a minute in which b refreshes the
// session and each side asks whether the other is there: no journal would get an entry.
func TestWhatChangesNothingIsNotWrittenDown(t *testing.T) {
	s := newSim(t, 1, UDP)
	s.propose(60 * time.Second)
	s.begin()
	s.at(time.Second, s.b.accept)
	s.run(10 * time.Second)
	before := []int{s.a.entries, s.b.entries}
	for _, p := range []*party{s.a, s.b} {
		s.at(12*time.Second, func() { p.act(func(d *Dialog) Step { return d.Ask(s.now) }) })
	}
	s.run(40 * time.Second) // the refresh is due at 31 s
	if got, want := []uint32{s.a.cseq, s.b.cseq}, []uint32{1<<16 + 2, 1<<16 + 2}; !slices.Equal(got, want) {
		t.Errorf("a and b have sent requests up to %d, want %d", got, want)
	}
	if after := []int{s.a.entries, s.b.entries}; !slices.Equal(after, before) {
		t.Errorf("a and b have written %d entries, want %d", after, before)
	}
}

// TestRefreshByReINVITE: the one who is refreshed writes nothing down, and the refresher
// what a successor needs to acknowledge the answer.
func TestRefreshByReINVITE(t *testing.T) {
	s := newSim(t, 1, UDP)
	s.unchanged = true
	s.propose(60 * time.Second)
	s.begin()
	s.at(time.Second, s.b.accept)
	s.run(10 * time.Second)
	s.b.d.session.Updates = false
	before, invites := s.a.entries, s.b.d.acked
	s.run(40 * time.Second)
	if s.a.entries != before {
		t.Errorf("a has written %d entries, want %d", s.a.entries, before)
	}
	if s.b.d.acked == invites {
		t.Errorf("b has sent no re-INVITE: %q", s.b.events)
	}
}

// TestNumbersThatAreNotWrittenDown: another contact of the same epoch gets the line after
// requests that no entry has. Its numbers are above theirs.
func TestNumbersThatAreNotWrittenDown(t *testing.T) {
	s := newSim(t, 1, UDP)
	s.begin()
	s.at(time.Second, s.b.accept)
	s.run(10 * time.Second)
	for i := range 300 {
		s.at(time.Duration(20+10*i)*time.Second, func() { s.a.act(func(d *Dialog) Step { return d.Ask(s.now) }) })
	}
	entries := s.a.entries
	s.run(time.Hour)
	if n := s.a.entries - entries; n > 2 {
		t.Errorf("300 requests were written down in %d entries", n)
	}
	asked := s.a.cseq
	d, err := Restore(s.a.local, s.a.epoch, s.a.d.Memory())
	if err != nil {
		t.Fatal(err)
	}
	s.a.d = d
	s.a.invite()
	if s.a.cseq <= asked || asked < 1<<16+300 {
		t.Errorf("an INVITE has CSeq %d after an OPTIONS with %d", s.a.cseq, asked)
	}
}

// A peer that agrees to an interval below the least one of RFC 4028 has us send a refresh
// no more often for that, and is not lost after less than a second.
func TestIntervalsThatAreTooShort(t *testing.T) {
	for _, agreed := range []string{"1;refresher=uac", "1;refresher=uas", "89"} {
		d := NewCaller(Local{Address: ours, SessionExpires: 30 * time.Minute}, RandomIdentity(), 1, Call{To: uri(t, "sip:bob@192.0.2.2")})
		step := d.Invite(noon, []byte("v=0\r\n"))
		res := sip.NewResponseFromRequest(step.Out[0].SIP.(*sip.Request), sip.StatusOK, "OK", []byte("v=0\r\n"))
		res.To().Params.Add("tag", "b")
		res.AppendHeader(sip.NewHeader("Session-Expires", agreed))
		step = step.Dialog.Receive(noon, Received{SIP: res, From: peers})
		if s := step.Dialog.session; s.interval() < leastInterval || s.at.Sub(noon) < leastInterval/2 {
			t.Errorf("%s: the interval is %s, and something is due after %s", agreed, s.interval(), s.at.Sub(noon))
		}
	}
}
