package switchboard

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"holdfast/call"
)

// Recover takes over every contact that the journal holds and that is not archived,
// those whose customer talks first, then the oldest, and returns how many it has: their
// legs are restored, and once that is written down they are resumed, the customer's
// first. If no other process can write, all parties hear the same as before at once,
// however long the writing takes. The router then knows all of these contacts. Until
// Recover returns, no new contact begins. A contact that another owner takes first is
// left to that owner; one that cannot be read is logged and left where it is. An error
// means that the journal could not be read as a whole, and then none was taken, or that
// ctx ended before all were taken; those that have been begun with are still tried for.
//
// If no other process can write, Recover waits only for those whose customer talks: the
// others are ours already, and the router gets their recorded state. A crowd in a queue
// is written down while the server works.
func (s *Switchboard) Recover(ctx context.Context) (n int, err error) {
	s.recovering.Store(true)
	defer s.recovering.Store(false)
	var talk, others []Entry
	for e, err := range s.options.Journal.Live(ctx) {
		switch {
		case err != nil && e.Seq == 0:
			return 0, fmt.Errorf("finding contacts: %w", err)
		case err != nil:
			s.options.Log.Error("a contact cannot be taken over", "seq", e.Seq, "contact", e.Contact.ID, "error", err)
		case talks(e.Contact):
			talk = append(talk, e)
		default:
			others = append(others, e)
		}
	}
	settleGiven(append(slices.Clone(talk), others...))
	restored := s.beginRestoring()
	defer restored()
	awaited := s.restore(talk)
	if !s.options.Journal.Exclusive() { // they hear each other only when they are claimed
		first, cancel := context.WithTimeout(ctx, appendWithin)
		_, _ = s.claimed(first, awaited)
		cancel()
	}
	rest := s.restore(others)
	restored()
	if s.options.Restored != nil {
		s.options.Restored()
	}
	if s.options.Journal.Exclusive() {
		n = len(rest)
	} else {
		awaited = append(awaited, rest...)
	}
	claimed, err := s.claimed(ctx, awaited)
	if err == nil && s.options.Recovered != nil {
		s.options.Recovered()
	}
	return n + claimed, err
}

// restore starts desks for contacts, and returns them when their legs are restored.
func (s *Switchboard) restore(entries []Entry) (desks []*desk) {
	var restoring sync.WaitGroup
	for _, e := range entries {
		d := s.successor(e)
		restoring.Add(1)
		err := s.start(d, func() {
			defer restoring.Done()
			d.restore(e)
		})
		if err != nil {
			restoring.Done()
			s.options.Log.Warn("a contact is not taken over", "contact", d.id, "error", err)
			continue
		}
		desks = append(desks, d)
	}
	restoring.Wait()
	return desks
}

// claimed waits for the desks and counts those that got their contact.
func (s *Switchboard) claimed(ctx context.Context, desks []*desk) (n int, err error) {
	for _, d := range desks {
		select {
		case <-d.claimed:
			n++
		case <-d.done:
			select {
			case <-d.claimed: // and ended since
				n++
			default:
			}
		case <-ctx.Done():
			return n, fmt.Errorf("taking contacts over: %w", ctx.Err())
		}
	}
	return n, nil
}

// successor is a desk for a contact of which e is the last entry. Even if the clock was
// set back since, the contact's time goes on from there: otherwise its deadlines would
// come too late by as much.
func (s *Switchboard) successor(e Entry) *desk {
	d := newDesk(s, e.Contact, e.Epoch+1)
	d.seq, d.step = e.Seq, e.Step
	if d.began.Before(e.At) {
		d.began = e.At
	}
	d.view.Store(&view{contact: e.Contact, legs: slices.Sorted(maps.Keys(e.Legs))})
	return d
}

// restore rebuilds the legs. The contact's next transition is planned with all other
// waiting inputs, and its entry is the claim: until that has been written not even an
// exempt message is sent.
func (d *desk) restore(e Entry) {
	d.waiting = append(d.waiting, &input{event: call.Recovered{}})
	for _, id := range slices.Sorted(maps.Keys(e.Legs)) {
		if e.Legs[id].Given != nil {
			d.given[id] = e.Legs[id]
			continue
		}
		leg, err := d.board.Legs.Restore(d.id, id, d.epoch, e.Legs[id])
		if err != nil {
			d.log.Error("a line cannot be restored", "connection", id, "error", err)
			d.lose(id, fmt.Sprintf("restoring the line: %v", err))
			continue
		}
		d.own(id, leg)
		d.waiting = append(d.waiting, &input{connection: id, message: Resumed{}})
	}
	take, taking := e.Contact.Taking()
	for _, c := range e.Contact.Connections {
		_, ok := e.Legs[c.ID]
		if !ok && c.State != call.Away && !c.IsQueued() && !(taking && c.ID == take.Connection) {
			d.lose(c.ID, "no line was written down")
		}
	}
	if d.board.options.Journal.Exclusive() {
		d.room.Set(d.heard())
		d.board.options.Router.Changed(e.Contact, nil)
	}
}

// own adds a leg that exists already.
func (d *desk) own(id call.ConnectionID, leg Leg) {
	d.legs[id], d.memory[id] = leg, leg.Memory()
}
