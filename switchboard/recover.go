package switchboard

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"holdfast/call"
)

// claimsMost is how many contacts are being taken over at once, so that the
// journal is not asked for more than it can write in time.
const claimsMost = 256

// Recover takes over every contact that the journal holds and nobody has
// archived, the oldest first, and returns how many it has: their legs are
// restored, and once that is written down they are resumed, the customer's
// first. If no other process can write, everybody hears at once what they heard
// before, whatever the writing takes. The router knows of all of them then. A contact that somebody else is quicker to take is left to them; what
// cannot be read is logged and left where it is. The error says that ctx ended
// before all were taken; those that have been begun with are still tried for.
func (s *Switchboard) Recover(ctx context.Context) (n int, err error) {
	var desks []*desk
	claims := make(chan struct{}, claimsMost)
	for e, err := range s.options.Journal.Live(ctx) {
		if err != nil {
			s.options.Log.Error("a contact cannot be taken over", "seq", e.Seq, "contact", e.Contact.ID, "error", err)
			continue
		}
		d := s.successor(e)
		if err := s.start(d, func() { d.restore(e); d.await(claims) }); err != nil {
			s.options.Log.Warn("a contact is not taken over", "contact", d.id, "error", err)
			continue
		}
		desks = append(desks, d)
	}
	return s.claimed(ctx, desks)
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

// successor is a desk for a contact of which e is the last entry. If the clock was
// set back since, the contact's time goes on from there all the same: its
// deadlines would else be as much too late.
func (s *Switchboard) successor(e Entry) *desk {
	d := newDesk(s, e.Contact, e.Epoch+1)
	d.seq, d.step = e.Seq, e.Step
	if d.began.Before(e.At) {
		d.began = e.At
	}
	d.view.Store(&view{contact: e.Contact, legs: slices.Sorted(maps.Keys(e.Legs))})
	return d
}

// restore rebuilds the legs. What becomes of the contact is planned with
// everything else that waits, and its entry is the claim: until that has been
// written not even an exempt message is sent.
func (d *desk) restore(e Entry) {
	d.waiting = append(d.waiting, &input{event: call.Recovered{}})
	for _, id := range slices.Sorted(maps.Keys(e.Legs)) {
		leg, err := d.board.Legs.Restore(d.id, id, d.epoch, e.Legs[id])
		if err != nil {
			d.log.Error("a line cannot be restored", "connection", id, "error", err)
			d.lose(id, fmt.Sprintf("restoring the line: %v", err))
			continue
		}
		d.own(id, leg)
		d.waiting = append(d.waiting, &input{connection: id, message: Resumed{}})
	}
	for _, c := range e.Contact.Connections {
		if _, ok := e.Legs[c.ID]; !ok && c.State != call.Away && !c.IsQueued() {
			d.lose(c.ID, "no line was written down")
		}
	}
	if d.board.options.Journal.Exclusive() {
		d.room.Set(d.heard())
	}
}

// await waits until the contact may be claimed, of which no more than claims holds
// are at once.
func (d *desk) await(claims chan struct{}) {
	select {
	case claims <- struct{}{}:
	case <-d.board.stop:
		return
	}
	go func() { // ends with the claim, or with the desk
		select {
		case <-d.claimed:
		case <-d.done:
		}
		<-claims
	}()
}
