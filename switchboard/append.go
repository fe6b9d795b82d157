package switchboard

import (
	"context"
	"errors"
	"time"
)

// append writes an entry, after its reservations. Waiting for its turn has no limit but
// ctx and p.patience; from then on the journal has as long as within. ErrBusy means
// that the patience has ended, and the journal was not given the entry. A reservation
// takes a write of its own, so the patience begins after that; if that write does not
// get done, the patience has ended, too.
func (s *Switchboard) append(ctx context.Context, p pending) (seq uint64, err error) {
	if p.reserves {
		err := s.settled(ctx, p)
		if err != nil && p.patience > 0 && ctx.Err() == nil {
			return 0, s.writes.late()
		}
		if err != nil {
			return 0, err
		}
	}
	turn, cancel := ctx, func() {}
	if p.patience > 0 {
		turn, cancel = context.WithTimeout(ctx, p.patience)
	}
	defer cancel()
	handed := false
	err = s.writes.do(turn.Done(), p.turn, func() (err error) {
		handed = true
		ctx, cancel := context.WithTimeout(ctx, p.within)
		defer cancel()
		seq, err = s.options.Journal.Append(ctx, p.entry, p.after)
		return err
	})
	if err != nil && !handed && ctx.Err() == nil && turn.Err() != nil {
		return 0, s.writes.late()
	}
	return seq, err
}

// settled waits for the reservations to be stored. While the journal works, a router
// that has much to write does not freeze the contact.
func (s *Switchboard) settled(ctx context.Context, p pending) error {
	ctx, cancel := context.WithTimeout(ctx, max(p.within, appendMost))
	defer cancel()
	for {
		try, cancel := context.WithTimeout(ctx, p.within)
		err := s.options.Router.Settled(try, p.entry.Contact.ID)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil || s.journalDown() {
			return err
		}
	}
}

// A pending entry is one on its way to the journal.
type pending struct {
	entry    Entry
	after    uint64
	turn     *turn
	within   time.Duration
	patience time.Duration // how long it may wait for its turn; zero: no matter
	reserves bool
}
