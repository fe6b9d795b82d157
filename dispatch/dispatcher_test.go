package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/routing"
	"holdfast/switchboard"
)

// A fakeStore keeps in memory, when it works.
type fakeStore struct {
	mu   sync.Mutex
	down bool
	left int  // how many more are written until the process dies; 0: it does not
	died bool // it has
	seq  uint64
	kept map[string]switchboard.Item // by kind and name
}

func (f *fakeStore) Put(_ context.Context, kind, name string, data []byte, after uint64) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return 0, errors.New("the disk is full")
	}
	if f.kept[kind+name].Seq != after {
		return 0, switchboard.ErrFenced
	}
	f.seq++
	f.kept[kind+name] = switchboard.Item{Name: name, Data: data, Seq: f.seq}
	if f.left > 0 {
		f.left--
		f.died = f.left == 0
		f.down = f.died
	}
	return f.seq, nil
}

func (f *fakeStore) All(_ context.Context, kind string) (all []switchboard.Item, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, v := range f.kept {
		if strings.HasPrefix(k, kind) {
			all = append(all, v)
		}
	}
	return all, nil
}

func (f *fakeStore) fail(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// dies has the process die after so many more writes; 0: it does not.
func (f *fakeStore) dies(left int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.died = left, false
}

func (f *fakeStore) isDead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.died
}

// agent is an agent as stored; zero if they were never stored.
func (f *fakeStore) agent(t *testing.T, agent string) (s routing.Agent) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept[agentKind+agent].Data == nil {
		return s
	}
	if err := json.Unmarshal(f.kept[agentKind+agent].Data, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// A rota is a dispatcher of ana and ben, who work in sales, and what it has told
// contacts. It lives in a bubble of synctest.
type rota struct {
	*Dispatcher
	t     *testing.T
	store *fakeStore
	told  []string
	gone  map[call.ContactID]bool // contacts that there are not any more
}

func newRota(t *testing.T, store *fakeStore) *rota {
	t.Helper()
	conf := config.Config{
		Rules:  call.Rules{Grace: call.Duration(30 * time.Second)},
		Agents: []config.Agent{{Name: "ana", Capacity: 1, NoAfterCall: true}, {Name: "ben", Capacity: 1, NoAfterCall: true}},
		Queues: []config.Queue{{Name: "sales", Agents: []string{"ana", "ben"}, OfferFor: call.Duration(20 * time.Second)}},
	}
	k, err := New(t.Context(), conf, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := &rota{Dispatcher: k, t: t, store: store, gone: map[call.ContactID]bool{}}
	k.Notify = func(id call.ContactID, fact call.Fact) bool {
		if r.gone[id] {
			return false
		}
		switch fact := fact.(type) {
		case call.Offered:
			if s := store.agent(t, fact.Agent.Address); s.Reservation == nil || s.Reservation.Contact != id {
				t.Errorf("%s is offered to %s before that is written down", id, fact.Agent)
			}
			r.told = append(r.told, fmt.Sprintf("%s offered to %s", id, fact.Agent))
		case call.Withdrawn:
			r.told = append(r.told, fmt.Sprintf("%s taken back (%s)", id, fact.Reason))
		default:
			t.Errorf("%s is told %T", id, fact)
		}
		return true
	}
	return r
}

// saw waits until nothing more happens, and checks what contacts were told
// since the last time.
func (r *rota) saw(want ...string) {
	r.t.Helper()
	synctest.Wait()
	if !slices.Equal(r.told, want) {
		r.t.Errorf("contacts were told %q, want %q", r.told, want)
	}
	r.told = nil
}

// waits is a customer's contact that waits in sales under connection 2, with
// somebody who is rung for it under connection 3 if there is one: that is the first
// offer.
func waits(id call.ContactID, rung string) call.Contact {
	c := call.Contact{ID: id, Stage: call.Offering, Connections: []call.Connection{
		{ID: 1, Party: call.Customer, State: call.Connecting},
		{ID: 2, Party: call.Agent, State: call.Connecting, Endpoint: config.QueueEndpoint("sales")},
	}}
	if rung != "" {
		agent := call.Endpoint{Kind: call.AgentEndpoint, Address: rung}
		c.Connections[1].Offer = call.Offer{Number: 1, Agent: agent}
		c.Connections = append(c.Connections, call.Connection{ID: 3, Party: call.Agent, State: call.Connecting, For: 2, Endpoint: agent})
	}
	return c
}

// waitsAfter is a customer's contact that waits in sales when an offer has ended.
func waitsAfter(id call.ContactID, number int, agent string, why call.Reason) call.Contact {
	c := waits(id, "")
	c.Connections[1].Offer = call.Offer{Number: number, Agent: call.Endpoint{Kind: call.AgentEndpoint, Address: agent}, Ended: why}
	return c
}

// talks is a contact whose customer talks to an agent, found in sales.
func talks(id call.ContactID, agent string) call.Contact {
	c := waits(id, agent)
	c.Stage = call.Talking
	c.Connections = slices.Delete(c.Connections, 1, 2)
	c.Connections[0].State, c.Connections[1].State = call.Connected, call.Connected
	return c
}

func TestDispatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{kept: map[string]switchboard.Item{}}
		r := newRota(t, store)
		r.Changed(waits("carol", ""), nil)
		r.saw() // who was there before must be known first
		r.Begin([]call.Contact{{ID: "carol"}})
		r.saw("carol offered to ana")
		r.Changed(waits("carol", "ana"), nil)
		r.Changed(waits("dora", ""), nil)
		r.saw("dora offered to ben")

		r.Changed(waitsAfter("carol", 1, "ana", call.Busy), nil)
		r.saw() // ana has said no, and ben is taken
		r.Changed(call.Contact{ID: "dora", Stage: call.Over}, nil)
		r.saw("dora taken back (customer-left)", "carol offered to ben")
		second := waits("carol", "ben")
		second.Connections[1].Offer.Number = 2
		r.Changed(second, nil)
		r.Changed(talks("carol", "ben"), nil)
		r.saw()
		if s := store.agent(t, "ben"); s.State != routing.Busy {
			t.Errorf("ben is %s", s.State)
		}
		r.Changed(call.Contact{ID: "carol", Stage: call.Over}, nil)
		r.saw()
		if s := store.agent(t, "ben"); s.State != routing.Available || len(s.Segments) > 0 {
			t.Errorf("ben is %s with %v", s.State, s.Segments)
		}
		r.Close()
	})
}

// Who does not answer is asked no more until they say that they are there.
func TestMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{kept: map[string]switchboard.Item{}}
		r := newRota(t, store)
		r.Begin(nil)
		r.Changed(waits("carol", ""), nil)
		r.saw("carol offered to ana")
		r.Changed(waits("carol", "ana"), nil)
		<-time.After(20 * time.Second)
		r.saw("carol taken back (no-answer)", "carol offered to ben")
		if s := store.agent(t, "ana"); s.Status != routing.MissedOffer {
			t.Errorf("ana is %+v", s.Status)
		}
		r.Close()
	})
}

// While nothing can be written nobody is rung, and everything goes on when it
// can be again.
func TestStoreDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{kept: map[string]switchboard.Item{}}
		r := newRota(t, store)
		r.Begin(nil)
		store.fail(true)
		r.Changed(waits("carol", ""), nil)
		direct := call.Contact{ID: "emma", Stage: call.Offering, Connections: []call.Connection{
			{ID: 2, Party: call.Agent, State: call.Connecting, Endpoint: call.Endpoint{Kind: call.AgentEndpoint, Address: "ben"}},
		}}
		if err := r.Reserve(direct, 2); err != nil {
			t.Errorf("ben is free, but: %v", err)
		}
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Settled(soon, "emma"); err == nil {
			t.Error("ben may be rung, though his reservation is not written down")
		}
		r.saw()
		store.fail(false)
		if err := r.Settled(t.Context(), "emma"); err != nil {
			t.Error(err)
		}
		r.saw("carol offered to ana")
		if err := r.Reserve(waits("ferdinand", "ben"), 3); err == nil {
			t.Error("ben was reserved twice")
		}
		r.Close()
	})
}

// After a restart customers wait in their old order; those who have gone
// meanwhile do not, and agents are as they were.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{kept: map[string]switchboard.Item{}}
		r := newRota(t, store)
		r.Begin(nil)
		for _, agent := range []string{"ana", "ben"} {
			if err := r.SetStatus(t.Context(), agent, routing.Status{State: routing.NotReady, Reason: "lunch"}); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []call.ContactID{"carol", "dora", "emma"} {
			r.Changed(waits(id, ""), nil)
			<-time.After(time.Second)
		}
		r.saw()
		r.Close()

		r = newRota(t, store)
		r.Changed(waits("emma", ""), nil)
		r.Changed(waits("dora", ""), nil)
		r.Begin([]call.Contact{{ID: "emma"}, {ID: "dora"}})
		r.saw()
		if err := r.SetStatus(t.Context(), "ben", routing.Status{State: routing.Available}); err != nil {
			t.Fatal(err)
		}
		r.saw("dora offered to ben")
		r.Close()
	})
}
