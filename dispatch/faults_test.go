package dispatch

import (
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
	"holdfast/routing"
	"holdfast/switchboard"
)

// agent is how an agent is now.
func (r *rota) agent(agent string) routing.Agent {
	f := r.State()
	return *f.Agent(agent)
}

// rungBack is a contact whose agent has gone, and is recalled as connection 4.
func rungBack(id call.ContactID, agent string) call.Contact {
	return call.Contact{ID: id, Stage: call.Returning, Connections: []call.Connection{
		{ID: 1, Party: call.Customer, State: call.Held},
		{ID: 4, Party: call.Agent, State: call.Connecting, Endpoint: call.Endpoint{Kind: call.AgentEndpoint, Address: agent}},
	}}
}

// An agent whose customer comes back is rung for them, whoever waits in a queue.
func TestRecallsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRota(t, &fakeStore{kept: map[string]switchboard.Item{}})
		r.Begin(nil)
		r.Changed(talks("carol", "ana"), nil)
		r.Changed(talks("dora", "ben"), nil)
		r.Changed(waits("emma", ""), nil)
		r.saw()
		if err := r.Reserve(rungBack("carol", "ana"), 4); err != nil {
			t.Errorf("carol has nobody: %v", err)
		}
		r.saw()
		r.Close()
	})
}

// Whose answer crosses the end of their offer has the customer all the same, who
// waits no more.
func TestAnsweredTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{kept: map[string]switchboard.Item{}}
		r := newRota(t, store)
		r.Begin(nil)
		r.Changed(waits("carol", ""), nil)
		r.saw("carol offered to ana")
		r.Changed(waits("carol", "ana"), nil)
		<-time.After(20 * time.Second)
		r.saw("carol taken back (no-answer)", "carol offered to ben")
		r.Changed(talks("carol", "ana"), nil)
		r.saw("carol taken back (customer-left)")
		if s := store.agent(t, "ana"); s.State != routing.Busy {
			t.Errorf("ana talks, and is %s", s.State)
		}
		if s := store.agent(t, "ben"); s.Reservation != nil {
			t.Errorf("ben is kept for %v", s.Reservation)
		}
		if q := r.State().Queues[0]; len(q.Entries) > 0 {
			t.Errorf("there wait %v", q.Entries)
		}
		r.Close()
	})
}

// A plan that was dropped keeps nobody from the one that is made instead, nor
// does it end what goes on.
func TestPlannedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRota(t, &fakeStore{kept: map[string]switchboard.Item{}})
		r.Begin(nil)
		if err := r.Reserve(rungBack("carol", "ana"), 4); err != nil {
			t.Fatal(err)
		}
		if err := r.Reserve(rungBack("carol", "ben"), 4); err != nil {
			t.Errorf("ben is free, but: %v", err)
		}
		r.Changed(rungBack("carol", "ben"), nil)
		r.saw("carol taken back (customer-left)")
		if s := r.agent("ana"); s.Reservation != nil {
			t.Errorf("ana is kept for %v", s.Reservation)
		}
		r.Changed(talks("dora", "ana"), nil)
		r.Changed(call.Contact{ID: "carol", Stage: call.Over}, nil)
		if err := r.Reserve(rungBack("dora", "ben"), 4); err != nil {
			t.Fatal(err)
		}
		if s := r.agent("ana"); s.State != routing.Busy {
			t.Errorf("ana has not been let go of yet, and is %s", s.State)
		}
		r.Changed(talks("dora", "ana"), nil) // who was to have her instead has gone
		synctest.Wait()
		if s := r.agent("ben"); s.State != routing.Available {
			t.Errorf("ben is %s", s.State)
		}
		r.Close()
	})
}

// A plan that was dropped keeps no agent from others either when a queue is asked
// instead, under the same number.
func TestPlannedAnewForAQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRota(t, &fakeStore{kept: map[string]switchboard.Item{}})
		r.Begin(nil)
		planned := rungBack("carol", "ben")
		planned.Connections[1].ID = 2
		if err := r.Reserve(planned, 2); err != nil {
			t.Fatal(err)
		}
		r.Changed(waits("carol", ""), nil)
		r.saw("carol taken back (customer-left)", "carol offered to ana")
		if s := r.agent("ben"); s.State != routing.Available {
			t.Errorf("ben is %s", s.State)
		}
		r.Close()
	})
}

// Who is an agent no more may still take their customer off hold.
func TestStrangerResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRota(t, &fakeStore{kept: map[string]switchboard.Item{}})
		r.Begin(nil)
		if err := r.Resume(talks("carol", "zoe"), 3); err != nil {
			t.Errorf("carol segments on hold: %v", err)
		}
		r.Close()
	})
}

// Customers wait in the order in which they came, in whatever order they are
// told of.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRota(t, &fakeStore{kept: map[string]switchboard.Item{}})
		r.Begin(nil)
		r.Changed(talks("carol", "ana"), nil)
		r.Changed(talks("dora", "ben"), nil)
		first, second := waits("emma", ""), waits("frida", "")
		first.Connections[1].Since, second.Connections[1].Since = time.Now(), time.Now().Add(time.Millisecond)
		<-time.After(time.Second)
		r.Changed(second, nil)
		r.Changed(first, nil)
		r.Changed(call.Contact{ID: "carol", Stage: call.Over}, nil)
		r.saw("emma offered to ana")
		r.Close()
	})
}

// From when an agent may take a customer off hold they are offered nobody else,
// even before that is written down.
func TestResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRota(t, &fakeStore{kept: map[string]switchboard.Item{}})
		r.mu.Lock()
		r.state.Agents[0].Capacity = 2
		r.mu.Unlock()
		r.Begin(nil)
		held := talks("carol", "ana")
		held.Connections[0].State = call.Held
		r.Changed(held, nil)
		r.Changed(talks("dora", "ben"), nil)
		if err := r.Resume(held, 3); err != nil {
			t.Error(err)
		}
		r.Changed(waits("emma", ""), nil)
		r.saw()
		r.Changed(held, nil) // nothing came of it
		r.saw("emma offered to ana")
		r.Close()
	})
}

// An offer whose time has passed while no server ran, before anybody was rung,
// is made once more: nobody has missed it.
func TestWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{kept: map[string]switchboard.Item{}}
		r := newRota(t, store)
		r.Begin(nil)
		r.Changed(waits("carol", ""), nil)
		r.saw("carol offered to ana")
		r.Close()
		<-time.After(time.Minute)
		r = newRota(t, store)
		r.Changed(waits("carol", ""), nil)
		<-time.After(time.Second) // other contacts are taken over
		r.Begin([]call.Contact{waits("carol", "")})
		r.saw("carol offered to ana")
		if s := r.agent("ana"); s.State != routing.Reserved || !s.Reservation.Until.Equal(time.Now().Add(20*time.Second)) {
			t.Errorf("ana is %s: %+v", s.State, s.Reservation)
		}
		r.Close()
	})
}

// Only the agent's own failure is why their offer ended, whatever else fails in
// the same transition.
func TestWhyAnOfferEnded(t *testing.T) {
	failed := func(id call.ConnectionID, why call.Reason) call.Timed {
		return call.Timed{Event: call.Failed{Connection: id, Reason: why}}
	}
	offered := call.Timed{Event: call.Offered{Connection: 2, Agent: call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}}}
	transfer := &call.Transfer{Attempts: []call.Attempt{{Connection: 2}, {Connection: 7}}}
	for _, test := range []struct {
		name   string
		rung   string // before the transition
		events []call.Timed
		missed bool
	}{
		{"ana lets it ring", "ana", nil, true},
		{"ana is busy", "ana", []call.Timed{failed(3, call.Busy)}, false},
		{"somebody else is busy", "ana", []call.Timed{failed(7, call.Busy)}, true},
		{"ana rejects", "ana", []call.Timed{{Event: call.RejectRequested{By: 3}}}, false},
		{"somebody else rejects", "ana", []call.Timed{{Event: call.RejectRequested{By: 7}}}, true},
		{"offered, and busy at once", "", []call.Timed{offered, failed(3, call.Busy)}, false},
		{"offered, a target busy, and unanswered", "", []call.Timed{offered, failed(7, call.Busy), failed(3, call.NoAnswer)}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &fakeStore{kept: map[string]switchboard.Item{}}
				r := newRota(t, store)
				r.Begin(nil)
				r.Changed(waits("carol", ""), nil)
				r.saw("carol offered to ana")
				r.Changed(waits("carol", test.rung), nil)
				after := waits("carol", "")
				after.Transfer = transfer
				r.Changed(after, test.events)
				if got := r.agent("ana").Status == routing.MissedOffer; got != test.missed {
					t.Errorf("ana is %+v", r.agent("ana").Status)
				}
				synctest.Wait()
				r.Close()
			})
		})
	}
}

// A server that starts and changes nothing writes nothing: neither the first time,
// when nobody has been written yet, nor later.
func TestStartWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{kept: map[string]switchboard.Item{}}
		for range 2 {
			r := newRota(t, store)
			r.Begin(nil)
			r.saw()
			r.Close()
			if store.seq > 0 {
				t.Fatalf("%d things were written, of %v", store.seq, store.kept)
			}
		}
		r := newRota(t, store)
		r.Begin(nil)
		r.Changed(talks("carol", "ana"), nil)
		r.saw()
		r.Close()
		written := store.seq
		r = newRota(t, store)
		r.Changed(talks("carol", "ana"), nil)
		r.Begin([]call.Contact{talks("carol", "ana")})
		r.saw()
		r.Close()
		if written == 0 || store.seq != written {
			t.Errorf("after a restart %d things were written, before it %d", store.seq-written, written)
		}
	})
}
