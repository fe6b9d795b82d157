package sipua

import (
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
