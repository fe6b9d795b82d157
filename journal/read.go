package journal

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/call"
	"holdfast/switchboard"
)

// History implements [switchboard.Journal]: first what is archived, then what
// is not.
func (j *Journal) History(ctx context.Context, id call.ContactID) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		if err := checkToken("contact id", string(id)); err != nil {
			yield(switchboard.Entry{}, err)
			return
		}
		// In this order, because Archive may be at work: what has gone from
		// the first by the time we look is in the second.
		live, err := j.collect(ctx, j.contacts, contactSubject(id))
		archived, err2 := j.collect(ctx, j.archive, archiveSubject(id))
		if err := errors.Join(err, err2); err != nil {
			yield(switchboard.Entry{}, fmt.Errorf("reading the history of contact %s: %w", id, err))
			return
		}
		var last uint64
		for _, m := range append(archived, live...) {
			seq := sequence(m)
			if seq <= last {
				continue
			}
			last = seq
			if !yield(entryOf(m)) {
				return
			}
		}
	}
}

// Last implements [switchboard.Journal].
func (j *Journal) Last(ctx context.Context) (uint64, error) {
	seq, err := lastSeq(ctx, j.contacts)
	if err != nil {
		return 0, fmt.Errorf("asking for the last entry: %w", err)
	}
	return seq, nil
}

// sequence is the place of the entry that m keeps; in ARCHIVE, the place it
// had before.
func sequence(m jetstream.Msg) uint64 {
	if seq := number(m.Headers(), headerSeq); seq != 0 {
		return seq
	}
	meta, err := m.Metadata()
	if err != nil { // received has checked it
		return 0
	}
	return meta.Sequence.Stream
}

func entryOf(m jetstream.Msg) (switchboard.Entry, error) {
	return decode(m.Subject(), sequence(m), m.Data())
}
