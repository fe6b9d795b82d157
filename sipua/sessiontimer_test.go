package sipua

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// TestWhatChangesNothingIsNotWrittenDown plays half a minute in which b refreshes the
// session and each side asks whether the other is there: no journal would get an entry.
func TestWhatChangesNothingIsNotWrittenDown(t *testing.T) {
	s := newSim(t, 1, UDP)
	s.propose(60 * time.Second)
	s.begin()
	s.at(time.Second, s.b.accept)
	s.run(10 * time.Second)
	before := [][]byte{s.a.d.Memory(), s.b.d.Memory()}
	for _, p := range []*party{s.a, s.b} {
		s.at(12*time.Second, func() { p.act(func(d *Dialog) Step { return d.Ask(s.now) }) })
	}
	s.run(40 * time.Second) // the refresh is due at 31 s
	if got, want := []uint32{s.a.cseq, s.b.cseq}, []uint32{1<<16 + 2, 1<<16 + 2}; !slices.Equal(got, want) {
		t.Errorf("a and b have sent requests up to %d, want %d", got, want)
	}
	for i, p := range []*party{s.a, s.b} {
		if after := p.d.Memory(); !bytes.Equal(after, before[i]) {
			t.Errorf("the memory of %s before:\n%s\nand after:\n%s", p.name, before[i], after)
		}
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
	before, invites := s.a.d.Memory(), s.b.d.acked
	s.run(40 * time.Second)
	if after := s.a.d.Memory(); !bytes.Equal(after, before) {
		t.Errorf("the memory of a before:\n%s\nand after:\n%s", before, after)
	}
	if s.b.d.acked == invites {
		t.Errorf("b has sent no re-INVITE: %q", s.b.events)
	}
}
