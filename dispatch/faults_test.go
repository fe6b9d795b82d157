package dispatch

import (
	"fmt"
	"slices"
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

// A dropped plan does not keep its agent reserved if a queue takes the same connection.
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
		f := r.table.State()
		f.Agents[0].Capacity = 2
		r.table = routing.NewTable(f)
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

// Only an agent who did not answer has missed an offer. Reports of other offers, and
// repeated ones, change nothing.
func TestWhyAnOfferEnded(t *testing.T) {
	for _, test := range []struct {
		number int
		agent  string
		why    call.Reason
		want   routing.Status
		told   []string
	}{
		{1, "ana", call.NoAnswer, routing.MissedOffer, []string{"carol taken back (unreachable)", "carol offered to ben"}},
		{1, "ana", call.Busy, routing.Status{State: routing.Available}, []string{"carol offered to ben"}},
		{1, "ana", call.Declined, routing.Status{State: routing.Available}, []string{"carol offered to ben"}},
		{1, "ana", call.Unreachable, routing.Status{State: routing.Available}, []string{"carol offered to ben"}},
		{0, "ana", call.NoAnswer, routing.Status{State: routing.Available}, nil},
		{1, "ben", call.NoAnswer, routing.Status{State: routing.Available}, nil},
	} {
		t.Run(fmt.Sprint(test.agent, " ", test.number, " ", test.why), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRota(t, &fakeStore{kept: map[string]switchboard.Item{}})
				r.Begin(nil)
				r.Changed(waits("carol", ""), nil)
				r.saw("carol offered to ana")
				for range 2 {
					r.Changed(waitsAfter("carol", test.number, test.agent, test.why), nil)
				}
				r.saw(test.told...)
				if got := r.agent("ana").Status; got != test.want {
					t.Errorf("ana is %+v, want %+v", got, test.want)
				}
				r.Close()
			})
		})
	}
}

// If the server is killed after the contact has written the end of an offer and before
// routing has, routing learns it from the contact, and the agent is not rung again.
func TestKilledBeforeTheEndIsWritten(t *testing.T) {
	for why, want := range map[call.Reason]routing.Status{
		call.NoAnswer: routing.MissedOffer,
		call.Declined: {State: routing.Available},
	} {
		t.Run(string(why), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &fakeStore{kept: map[string]switchboard.Item{}}
				r := newRota(t, store)
				r.Begin(nil)
				if err := r.SetStatus(t.Context(), "ben", routing.Status{State: routing.Offline}); err != nil {
					t.Fatal(err)
				}
				r.Changed(waits("carol", ""), nil)
				r.saw("carol offered to ana")
				r.Close()

				r = newRota(t, store)
				c := waitsAfter("carol", 1, "ana", why)
				r.Changed(c, nil)
				r.Begin([]call.Contact{c})
				synctest.Wait()
				if s := store.agent(t, "ana"); s.Status != want || s.Reservation != nil || slices.Contains(r.told, "carol offered to ana") {
					t.Errorf("ana is %+v, reserved: %+v; %q", s.Status, s.Reservation, r.told)
				}
				r.Close()
			})
		})
	}
}

// If the server is killed between writing an agent and writing the queue, a customer
// who has just called keeps the entry and the agent.
func TestKilledBeforeTheQueueIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{kept: map[string]switchboard.Item{}, left: 1}
		r := newRota(t, store)
		r.Begin(nil)
		r.Changed(waits("carol", ""), nil)
		r.saw()
		r.Close()
		store.fail(false)

		r = newRota(t, store)
		r.Changed(waits("carol", ""), nil)
		r.Begin([]call.Contact{waits("carol", "")})
		r.saw("carol offered to ana")
		if q := r.State().Queues[0]; len(q.Entries) != 1 || q.Entries[0].OfferedTo != "ana" {
			t.Errorf("there wait %+v", q.Entries)
		}
		r.Close()
	})
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
