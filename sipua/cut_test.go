package sipua

import (
	"fmt"
	"testing"
	"time"
)

// over makes both users leave, and says what is left of the call.
func (s *sim) over() string {
	s.at(100*time.Second, s.a.hangUp)
	s.at(100*time.Second, s.b.hangUp)
	s.run(400 * time.Second)
	left := ""
	for _, p := range []*party{s.a, s.b} {
		if p.d != nil && !p.d.Gone() {
			left += fmt.Sprintf("%s is %s after %q: %s\n", p.name, p.d.stage, p.events, p.d.Memory())
		}
	}
	return left
}

// TestCutAtEveryStep kills either side in each of its steps, in every way a
// process can die around its journal, and lets a successor go on.
func TestCutAtEveryStep(t *testing.T) {
	for _, story := range simStories {
		for _, peer := range simPeers {
			t.Run(story.name+", "+peer.name, func(t *testing.T) {
				t.Parallel()
				cutEach(t, story, peer)
			})
		}
	}
}

// A simPeer is a way in which a and b may speak.
type simPeer struct {
	name      string
	transport Transport
	asks      bool
	session   time.Duration // the session interval that both propose
}

var simPeers = []simPeer{
	{"over UDP", UDP, false, 0},
	{"over TCP", TCP, false, 0},
	{"with b asking who they are", UDP, true, 0},
	{"with session timers", UDP, false, 60 * time.Second},
}

func (p simPeer) begin(t *testing.T, story simStory) *sim {
	s := newSim(t, 1, p.transport)
	s.asks = p.asks
	s.propose(p.session)
	s.begin()
	story.tell(s)
	return s
}

func cutEach(t *testing.T, story simStory, peer simPeer) {
	uncut := peer.begin(t, story)
	if left := uncut.over(); left != "" {
		t.Fatal(left)
	}
	for _, caller := range []bool{true, false} {
		steps := uncut.b.steps
		if caller {
			steps = uncut.a.steps
		}
		for n := 1; n <= steps; n++ {
			for _, when := range []string{unrecorded, unsent, sent} {
				cutOnce(t, story, peer, caller, cut{n, when})
			}
		}
	}
}

func cutOnce(t *testing.T, story simStory, peer simPeer, caller bool, c cut) {
	s := peer.begin(t, story)
	victim := s.b
	if caller {
		victim = s.a
	}
	victim.cut, s.known = c, true
	if c.step == 1 && c.when == unrecorded {
		story.talking = 0 // nobody knows that there was a call
	}
	if story.talking > 0 {
		s.run(story.talking)
		for _, p := range []*party{s.a, s.b} {
			if p.d == nil || !p.d.Established() {
				t.Errorf("%s killed in step %d %s: %s is not in the call; a: %q b: %q", victim.name, c.step, c.when, p.name, s.a.events, s.b.events)
			}
		}
	}
	if left := s.over(); left != "" {
		t.Errorf("%s killed in step %d %s: %s", victim.name, c.step, c.when, left)
	}
}

// TestBadNetwork loses, doubles and reorders messages, and kills both sides
// once at random: whatever happens, both come to an end.
func TestBadNetwork(t *testing.T) {
	for seed := range uint64(200) {
		story := simStories[seed%uint64(len(simStories))]
		s := newSim(t, seed, UDP)
		s.loss, s.jitter, s.asks = 0.25, 900*time.Millisecond, seed%2 == 1
		s.propose(time.Duration(seed%3) * 30 * time.Second)
		for _, p := range []*party{s.a, s.b} {
			p.cut = cut{s.rng.IntN(40), []string{unrecorded, unsent, sent}[s.rng.IntN(3)]}
		}
		s.begin()
		story.tell(s)
		if left := s.over(); left != "" {
			t.Errorf("seed %d, %s: %s", seed, story.name, left)
		}
	}
}
