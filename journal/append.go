package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/switchboard"
)

const (
	appendWithin = 10 * time.Second // unless the caller's context ends before
	ackWithin    = 2 * time.Second  // one try
	retryAfter   = 5 * time.Millisecond
)

var errLost = errors.New("the journal's directory has been removed; it is being made again")

// Append implements [switchboard.Journal]. It takes at most 10 s; if the journal does
// not answer by then, or by ctx, Append returns an error, and it is unknown whether
// the entry was written. The entry's Version is set for it.
//
// It writes the whole entry, or how the entry differs from an earlier whole one that
// has been acknowledged to this owner.
//
// If the contact, or its last entries, are missing, because the journal was damaged or
// lost under a living contact, Append writes the entry whole after the last one left:
// the live owner knows best.
func (j *Journal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	id := e.Contact.ID
	if err := checkToken("contact id", string(id)); err != nil {
		return 0, err
	}
	d, err := j.draft(e)
	if err != nil {
		return 0, fmt.Errorf("contact %s: %w", id, err)
	}
	ctx, cancel := context.WithTimeout(ctx, appendWithin)
	defer cancel()
	seq, err := j.write(ctx, d, after)
	if err == nil && j.lost() {
		err = errLost
	}
	if err != nil {
		j.failed(d, err)
		return 0, fmt.Errorf("appending step %d of contact %s: %w", e.Step, id, j.because(err))
	}
	j.saw(seq)
	j.landed(d, seq)
	return seq, nil
}

// landed keeps the second copy of an entry that has been written; if that is whole,
// the next entries build on it.
func (j *Journal) landed(d *draft, seq uint64) {
	on, r := d.base, recordOf(d.m, seq, time.Now())
	if d.isWhole() {
		on = base{owner: d.entry.Owner, epoch: d.entry.Epoch, step: d.entry.Step, record: r, copied: j.keepCopy(r)}
	} else {
		on.count, on.bytes = on.count+1, on.bytes+len(d.m.Data)
		on.copied = j.keepCopyOn(on, r)
	}
	j.bases.set(d.entry.Contact.ID, on)
}

// failed makes the next entry whole unless the entry it would build on is certainly
// there. An entry with changes may or may not have been written: none builds on it.
func (j *Journal) failed(d *draft, err error) {
	if d.isWhole() || errors.Is(err, errLost) || errors.Is(err, switchboard.ErrFenced) {
		j.bases.forget(d.entry.Contact.ID)
	}
}

// keepCopy keeps the newest message of a subject a second time, and reports
// whether it has.
func (j *Journal) keepCopy(r record) bool {
	return j.copies == nil || j.copies.keep(r)
}

// keepCopyOn does so with a message that builds on a whole entry, which must be
// in the copy, too.
func (j *Journal) keepCopyOn(on base, r record) bool {
	return j.copies == nil || j.copies.keepOn(on.record, on.copied, r)
}

// write publishes a draft after the message it follows, as often as it takes to know
// whether it was written.
func (j *Journal) write(ctx context.Context, d *draft, after uint64) (uint64, error) {
	expect := after
	for {
		seq, err := j.publish(ctx, d.m, expect)
		if err == nil {
			return seq, nil
		}
		if !unsettled(err) {
			return 0, err
		}
		var settling error
		seq, expect, settling = j.settle(ctx, d, after)
		if seq != 0 {
			return seq, nil
		}
		if settling != nil {
			return 0, fmt.Errorf("%w (first: %w)", settling, err)
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%w (last: %w)", ctx.Err(), err)
		case <-time.After(retryAfter):
		}
	}
}

func (j *Journal) publish(ctx context.Context, m *nats.Msg, expect uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	ack, err := j.pub.PublishMsg(ctx, m, jetstream.WithExpectLastSequencePerSubject(expect), jetstream.WithRetryAttempts(0))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// unsettled reports whether err leaves open if the message was written, or
// refuses it for something that must be looked into. JetStream answers 10071
// when the subject's last message is another, 10164 also when one is on its
// way; a write that timed out may still land.
func unsettled(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
			api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) ||
		errors.Is(err, jetstream.ErrNoStreamResponse)
}

// settle reads the last entry that the journal holds of a draft's contact. Either the
// draft is there, at seq; or it may be written again, expecting expect; or it may not
// (err). If the contact's last entries are lost, the draft becomes a whole one.
func (j *Journal) settle(ctx context.Context, d *draft, after uint64) (seq, expect uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	last, err := j.contacts.GetLastMsgForSubject(ctx, d.m.Subject)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		d.m = d.all
		return 0, after, j.makeStreams(ctx)
	case errors.Is(err, jetstream.ErrMsgNotFound):
		d.m = d.all
		return 0, 0, j.mayWriteAgain(ctx, d.m, after)
	case err != nil:
		return 0, 0, fmt.Errorf("reading the last entry: %w", err)
	case last.Sequence == after:
		return 0, after, nil
	}
	sameOwner, sameStep := sameTransition(last.Header, d.m.Header)
	switch {
	case last.Sequence < after && d.follows(last.Header): // sequences only ascend: the entries after it are lost
		j.log.Warn("the journal has lost the last entries of a contact; writing it down again", "contact", d.entry.Contact.ID)
		d.m = d.all
		return 0, last.Sequence, nil
	case !sameOwner:
		return 0, 0, fencedBy(last.Header)
	case !sameStep:
		return 0, 0, fmt.Errorf("the journal is at step %s already", last.Header.Get(headerStep))
	case bytes.Equal(last.Data, d.m.Data):
		return last.Sequence, 0, nil
	}
	return 0, last.Sequence, nil // an earlier plan for this step, never acted on
}

// follows reports whether the draft is from a later epoch than an entry, or a later
// step of the same owner.
func (d *draft) follows(h nats.Header) bool {
	if epoch := number(h, headerEpoch); epoch != uint64(d.entry.Epoch) {
		return epoch < uint64(d.entry.Epoch)
	}
	return h.Get(headerOwner) == d.entry.Owner && number(h, headerStep) < d.entry.Step
}

// mayWriteAgain decides about a contact that CONTACTS does not know. If it
// was archived, another owner has already dealt with its end.
func (j *Journal) mayWriteAgain(ctx context.Context, m *nats.Msg, after uint64) error {
	_, id, _ := bytes.Cut([]byte(m.Subject), []byte("."))
	archive, err := j.archive(ctx)
	if err != nil {
		return err
	}
	last, err := archive.GetLastMsgForSubject(ctx, "archive."+string(id))
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound), errors.Is(err, jetstream.ErrStreamNotFound):
		if after != 0 {
			j.log.Warn("the journal has lost a contact; writing it down again", "contact", string(id))
		}
		return nil
	case err != nil:
		return fmt.Errorf("looking into the archive: %w", err)
	}
	if sameOwner, _ := sameTransition(last.Header, m.Header); !sameOwner {
		return fencedBy(last.Header)
	}
	return errors.New("the contact is archived")
}

func fencedBy(h nats.Header) error {
	return fmt.Errorf("%w: %s in epoch %s", switchboard.ErrFenced, h.Get(headerOwner), h.Get(headerEpoch))
}
