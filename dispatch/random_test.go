package dispatch

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"holdfast/call"
	"holdfast/config"
	"holdfast/routing"
	"holdfast/switchboard"
)

// A shift is a dispatcher under random events: its contacts are stepped by the real
// core, its store fails, and it is killed and started anew.
type shift struct {
	*Dispatcher
	t        *testing.T
	store    *fakeStore
	contacts map[call.ContactID]call.Contact // as they are written down
	frozen   map[call.ContactID]bool         // which owe an entry
	dies     bool                            // with the next entry, before routing is told
	died     bool                            // the process has
	ended                                    // what agents have done with offers
	broken   string                          // the first promise that was

	mu    sync.Mutex
	inbox map[call.ContactID][]call.Event // not yet taken in
}

// A turn is one thing that happens in a shift.
type turn struct {
	What         string
	Contact, Who int
	Agent        string
}

var turns = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) turn {
	return turn{
		What: rapid.SampledFrom([]string{
			"arrives", "arrives", "answers", "answers", "answers", "answers late", "is busy", "hangs up", "transfers", "transfers to a queue",
			"holds", "resumes", "waits", "waits long", "the disk fails", "the disk works", "the disk works", "kill", "available", "not ready",
			"dies untold", "dies untold", "dies untold", "dies writing", "dies writing", "dies starting",
		}).Draw(t, "what"),
		Contact: rapid.IntRange(0, 7).Draw(t, "contact"),
		Who:     rapid.IntRange(1, 6).Draw(t, "who"),
		Agent:   rapid.SampledFrom([]string{"ana", "ben"}).Draw(t, "agent"),
	}
}), 20, 120)

func TestRandom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := turns.Draw(rt, "turns")
		var broken string
		synctest.Test(t, func(t *testing.T) { broken = work(t, all) })
		if broken != "" {
			rt.Fatal(broken)
		}
	})
}

// work is one shift; it returns the first promise that was broken, or "".
func work(t *testing.T, all []turn) string {
	s := &shift{
		t: t, store: &fakeStore{kept: map[string]switchboard.Item{}},
		contacts: map[call.ContactID]call.Contact{}, inbox: map[call.ContactID][]call.Event{},
		frozen: map[call.ContactID]bool{}, ended: ended{missed: map[string]bool{}, refused: map[refusal]time.Time{}},
	}
	s.start()
	s.Begin(nil)
	defer func() { s.Close() }()
	for _, x := range append(all, turn{What: "the disk works"}, turn{What: "kill"}) {
		s.take(x)
		s.rest()
		for s.died || s.store.isDead() {
			s.kill(0)
			s.rest()
		}
		if s.broken == "" && !s.store.down {
			s.broken = s.promises()
		}
		if s.broken != "" {
			return fmt.Sprintf("%+v: %s", x, s.broken)
		}
	}
	return ""
}

// start starts a dispatcher, which finds what was written down.
func (s *shift) start() {
	conf := config.Config{
		Agents: []config.Agent{{Name: "ana", Capacity: 1, NoAfterCall: true}, {Name: "ben", Capacity: 2, AfterCall: call.Duration(5 * time.Second)}},
		Queues: []config.Queue{{Name: "sales", Agents: []string{"ana", "ben"}, OfferFor: call.Duration(20 * time.Second)}},
	}
	k, err := New(s.t.Context(), conf, s.store, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	k.Notify = func(id call.ContactID, fact call.Fact) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.inbox[id] = append(s.inbox[id], fact)
		return true
	}
	s.Dispatcher = k
}

// kill ends the process where it is, and starts another, which dies after so many
// writes; 0: it does not.
func (s *shift) kill(left int) {
	s.Close()
	s.inbox, s.dies, s.died = map[call.ContactID][]call.Event{}, false, false
	clear(s.frozen)
	s.forgotten()
	s.store.fail(false)
	s.store.dies(left)
	s.start()
	read := s.State()
	var live []call.Contact
	for _, id := range s.all() {
		if s.contacts[id].Stage != call.Over {
			s.step(id, call.Recovered{})
			live = append(live, s.contacts[id])
		}
	}
	s.Begin(live)
	s.onlyTheMissed(read)
}

func (s *shift) all() (ids []call.ContactID) {
	for id := range s.contacts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (s *shift) take(x turn) {
	id, who := s.meant(x)
	agent := call.Endpoint{Kind: call.AgentEndpoint, Address: x.Agent}
	switch x.What {
	case "arrives":
		s.arrives(x)
	case "answers":
		s.step(id, call.Answered{Connection: who})
	case "answers late":
		<-time.After(21 * time.Second)
		s.step(id, call.Answered{Connection: who})
	case "is busy":
		s.step(id, call.Failed{Connection: who, Reason: call.Busy})
	case "hangs up":
		s.step(id, call.HungUp{Connection: who})
	case "transfers":
		s.step(id, call.TransferRequested{By: who, Kind: call.Blind, Target: agent})
	case "transfers to a queue":
		s.step(id, call.TransferRequested{By: who, Kind: call.Cold, Target: config.QueueEndpoint("sales")})
	case "holds":
		s.step(id, call.HoldRequested{By: who, Connection: 1})
	case "resumes":
		if s.Resume(s.contacts[id], who) == nil {
			s.step(id, call.ResumeRequested{By: who, Connection: 1})
		}
	case "waits":
		s.passes(time.Second)
	case "waits long":
		s.passes(21 * time.Second)
	case "the disk fails", "the disk works":
		s.store.fail(x.What == "the disk fails")
		s.passes(3 * time.Second)
	case "kill":
		s.kill(0)
	case "dies untold":
		s.dies = true
	case "dies writing":
		s.store.dies((x.Who + 1) / 2)
	case "dies starting":
		s.kill((x.Who + 1) / 2)
	case "available":
		if !s.store.down { // until it is written nobody is told that they are
			delete(s.missed, x.Agent)
			_ = s.decideNow(routing.StateRequested{Agent: x.Agent, Status: routing.Status{State: routing.Available}})
		}
	case "not ready":
		_ = s.decideNow(routing.StateRequested{Agent: x.Agent, Status: routing.Status{State: routing.NotReady, Reason: "lunch"}})
	}
}

func (s *shift) decideNow(ask routing.Request) error {
	s.Dispatcher.mu.Lock()
	defer s.Dispatcher.mu.Unlock()
	_, err := s.decide(ask)
	return err
}

// meant is the contact that a turn is about, and who in it.
func (s *shift) meant(x turn) (call.ContactID, call.ConnectionID) {
	var live []call.ContactID
	for _, id := range s.all() {
		if len(s.contacts[id].Connections) > 0 {
			live = append(live, id)
		}
	}
	if len(live) == 0 {
		return "", 0
	}
	id := live[x.Contact%len(live)]
	all := s.contacts[id].Connections
	return id, all[x.Who%len(all)].ID
}

func (s *shift) arrives(x turn) {
	id := call.ContactID(fmt.Sprintf("c%02d", len(s.contacts)))
	s.contacts[id] = call.Contact{ID: id}
	to := config.QueueEndpoint("sales")
	if x.Who == 1 {
		to = call.Endpoint{Kind: call.AgentEndpoint, Address: x.Agent}
	}
	s.step(id, call.Arrived{Agent: to, Rules: call.Rules{Fallback: config.QueueEndpoint("sales")}})
}

func (s *shift) passes(d time.Duration) {
	<-time.After(d)
	for _, id := range s.all() {
		if call.Due(s.contacts[id].Deadline(), time.Now()) {
			s.step(id, call.DeadlinePassed{})
		}
	}
}

// rest lets contacts take in what they were told, until there is nothing more.
func (s *shift) rest() {
	for range 50 {
		synctest.Wait()
		s.mu.Lock()
		told := s.inbox
		s.inbox = map[call.ContactID][]call.Event{}
		s.mu.Unlock()
		if s.store.down {
			s.inbox = told
			return
		}
		for id := range s.frozen {
			s.Changed(s.contacts[id], nil)
		}
		clear(s.frozen)
		if len(told) == 0 {
			synctest.Wait()
			if len(s.inbox) == 0 {
				return
			}
		}
		for _, id := range s.all() {
			for _, ev := range told[id] {
				s.step(id, ev)
			}
		}
	}
	s.broken = "it never comes to rest"
}

// step is what a desk does with an event. If it cannot be written down a fact
// waits, and a request is dropped.
func (s *shift) step(id call.ContactID, ev call.Event) {
	switch {
	case id == "" || s.died:
		return
	case s.frozen[id]:
		s.waits(id, ev)
		return
	}
	c, rung, reserves := s.contacts[id], []call.Dial(nil), false
	for todo := []call.Event{ev}; len(todo) > 0; todo = todo[1:] {
		after, commands, err := call.Step(c, time.Now(), todo[0])
		if err != nil {
			return
		}
		c = after
		for _, x := range commands {
			d, ok := x.(call.Dial)
			if !ok {
				continue
			}
			reserves = reserves || d.To.Kind == call.AgentEndpoint
			if err := s.Reserve(c, d.Connection); err != nil {
				todo = append(todo, call.Failed{Connection: d.Connection, Reason: call.Busy})
			} else if d.To.Kind == call.AgentEndpoint {
				rung = append(rung, d)
			}
		}
	}
	if _, begins := ev.(call.Recovered); !begins && reflect.DeepEqual(c, s.contacts[id]) {
		return // nothing to write down
	}
	if reserves && !s.settles(id) {
		s.frozen[id] = true
		s.waits(id, ev)
		return
	}
	s.note(s.contacts[id], c, ev)
	s.contacts[id] = c
	for _, d := range rung {
		s.mayRing(c, d)
	}
	if s.dies {
		s.died = true
		return
	}
	s.Changed(c, nil)
	if _, again := ev.(call.Joined); c.Stage == call.Joining && !again {
		var joined call.Joined
		for _, x := range c.Connections {
			joined.Connections = append(joined.Connections, x.ID)
		}
		s.step(id, joined)
	}
}

// waits keeps a fact of a contact that is frozen.
func (s *shift) waits(id call.ContactID, ev call.Event) {
	if _, fact := ev.(call.Fact); fact {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.inbox[id] = append(s.inbox[id], ev)
	}
}

// settles says that what was reserved for a contact is written down.
func (s *shift) settles(id call.ContactID) bool {
	ctx, cancel := context.WithTimeout(s.t.Context(), 3*time.Second)
	defer cancel()
	return s.Settled(ctx, id) == nil
}
