package dispatch

import (
	"context"
	"fmt"
	"log/slog"
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
		frozen: map[call.ContactID]bool{},
	}
	s.start()
	s.Begin(nil)
	defer func() { s.Close() }()
	for _, x := range append(all, turn{What: "the disk works"}, turn{What: "kill"}) {
		s.take(x)
		s.rest()
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

// kill ends the process where it is, and starts another.
func (s *shift) kill() {
	s.Close()
	s.inbox = map[call.ContactID][]call.Event{}
	s.store.fail(false)
	s.start()
	var live []call.Contact
	for _, id := range s.all() {
		if s.contacts[id].Stage != call.Over {
			s.step(id, call.Recovered{})
			live = append(live, s.contacts[id])
		}
	}
	s.Begin(live)
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
		s.kill()
	case "available":
		_ = s.decideNow(routing.StateRequested{Agent: x.Agent, Status: routing.Status{State: routing.Available}})
	case "not ready":
		_ = s.decideNow(routing.StateRequested{Agent: x.Agent, Status: routing.Status{State: routing.NotReady, Reason: "lunch"}})
	}
}

func (s *shift) decideNow(ask routing.Request) error {
	s.Dispatcher.mu.Lock()
	defer s.Dispatcher.mu.Unlock()
	return s.decide(ask)
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
	if id == "" {
		return
	}
	c, events, rung := s.contacts[id], []call.Timed(nil), []call.Dial(nil)
	for todo := []call.Event{ev}; len(todo) > 0; todo = todo[1:] {
		after, commands, err := call.Step(c, time.Now(), todo[0])
		if err != nil {
			return
		}
		c, events = after, append(events, call.Timed{Event: todo[0]})
		for _, x := range commands {
			d, ok := x.(call.Dial)
			if !ok {
				continue
			}
			if err := s.Reserve(c, d.Connection); err != nil {
				todo = append(todo, call.Failed{Connection: d.Connection, Reason: call.Busy})
			} else if d.To.Kind == call.AgentEndpoint {
				rung = append(rung, d)
			}
		}
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 3*time.Second)
	defer cancel()
	if s.Settled(ctx) != nil {
		s.frozen[id] = true
		if _, fact := ev.(call.Fact); fact {
			s.mu.Lock()
			s.inbox[id] = append(s.inbox[id], ev)
			s.mu.Unlock()
		}
		return
	}
	s.contacts[id] = c
	for _, d := range rung {
		s.mayRing(c, d)
	}
	s.Changed(c, events)
	if _, again := ev.(call.Joined); c.Stage == call.Joining && !again {
		var joined call.Joined
		for _, x := range c.Connections {
			joined.Connections = append(joined.Connections, x.ID)
		}
		s.step(id, joined)
	}
}

// mayRing: nobody is rung who is not reserved in the store.
func (s *shift) mayRing(c call.Contact, d call.Dial) {
	for _, x := range c.Connections {
		if x.ID == d.Connection {
			if agent := s.store.agent(s.t, d.To.Address); !agent.ReservedFor(segmentOf(c.ID, x)) {
				s.broken = fmt.Sprintf("%s is rung for %s, and not reserved", d.To, c.ID)
			}
		}
	}
}

// onHold: the customer is, and the agent talks to nobody about them either.
func onHold(c call.Contact) bool {
	return isHeld(c) || c.Stage == call.Reaching
}

// promises is the first one that does not hold while nothing is under way, or "".
func (s *shift) promises() string {
	f, taken := s.State(), map[string]int{}
	for _, id := range s.all() {
		c := s.contacts[id]
		for _, x := range c.Connections {
			_, entry := f.Entry(segmentOf(id, x))
			switch {
			case x.IsQueued() && entry == nil && !isRung(c, x.ID):
				return fmt.Sprintf("%s waits without an entry", id)
			case x.Endpoint.Kind == call.AgentEndpoint && x.State != call.Connecting && f.Taken(segmentOf(id, x)) != f.Agent(x.Endpoint.Address):
				return fmt.Sprintf("%s talks in %s, and nobody knows", x.Endpoint, id)
			case x.Endpoint.Kind == call.AgentEndpoint && !onHold(c):
				taken[x.Endpoint.Address]++
			}
		}
	}
	for _, agent := range f.Agents {
		if taken[agent.Name] > 1 {
			return agent.Name + " is taken twice"
		}
		if r := agent.Reservation; r != nil && !wants(s.contacts[r.Contact], r.SegmentID, agent.Name) {
			return fmt.Sprintf("%s is reserved for %v, who want nobody", agent.Name, r.SegmentID)
		}
		for _, x := range agent.Segments {
			if x.State != routing.AfterCallWork && !wants(s.contacts[x.Contact], x.SegmentID, agent.Name) {
				return fmt.Sprintf("%s segments in %v, which is over", agent.Name, x.SegmentID)
			}
		}
	}
	for _, p := range f.Queues[0].Entries {
		if !wants(s.contacts[p.Contact], p.SegmentID, "") {
			return fmt.Sprintf("the entry of %v is left behind", p.SegmentID)
		}
	}
	return ""
}
