package lobby

import (
	"net/netip"
	"slices"
	"testing"
)

// A stage is a lobby whose guests are named, and the names of those that were evicted.
type stage struct {
	*Lobby
	evicted []string
}

func (s *stage) enter(name, source string) *Guest {
	from := netip.Prefix{}
	if source != "" {
		from = Source(netip.MustParseAddr(source))
	}
	return s.Enter(from, func() { s.evicted = append(s.evicted, name) })
}

func (s *stage) want(t *testing.T, left int, evicted ...string) {
	t.Helper()
	if s.Len() != left || !slices.Equal(s.evicted, evicted) {
		t.Errorf("%d are left and %q were evicted, want %d and %q", s.Len(), s.evicted, left, evicted)
	}
}

// The oldest of a source goes, and one that has left does not.
func TestOneSource(t *testing.T) {
	s := &stage{Lobby: New(100, 2)}
	a := s.enter("a", "192.0.2.1")
	s.enter("b", "192.0.2.1")
	s.enter("other", "192.0.2.2")
	s.want(t, 3)
	a.Leave()
	a.Leave()
	s.enter("c", "192.0.2.1")
	s.want(t, 3)
	s.enter("d", "192.0.2.1")
	s.want(t, 3, "b")
}

// A source with many makes room for the others, however old theirs are.
func TestManySources(t *testing.T) {
	s := &stage{Lobby: New(4, 3)}
	s.enter("phone", "192.0.2.1")
	for _, name := range []string{"a", "b", "c"} {
		s.enter(name, "203.0.113.9")
	}
	s.enter("another phone", "192.0.2.2")
	s.want(t, 4, "a")
	s.enter("a third", "192.0.2.3")
	s.want(t, 4, "a", "b")
}

// A proxy on this machine has no limit of its own.
func TestProxy(t *testing.T) {
	s := &stage{Lobby: New(3, 1)}
	for _, name := range []string{"a", "b", "c", "d"} {
		s.enter(name, "")
	}
	s.want(t, 3, "a")
}

func TestSource(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8::1", "2001:db8::ffff:1", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
	} {
		if a, b := Source(netip.MustParseAddr(test.a)), Source(netip.MustParseAddr(test.b)); (a == b) != test.same {
			t.Errorf("%s and %s count as %s and %s", test.a, test.b, a, b)
		}
	}
}
