package journal

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"holdfast/switchboard"
)

// Live implements [switchboard.Journal]. What cannot be read comes last, each
// as an error that names its subject.
//
// In a cluster it makes sure of the stream's leader that nothing is missing: not
// even a contact that another node wrote down just before it died.
func (j *Journal) Live(ctx context.Context) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		entries, unread := j.live(ctx)
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
		for _, err := range unread {
			if !yield(switchboard.Entry{}, err) {
				return
			}
		}
	}
}

func (j *Journal) live(ctx context.Context) (entries []switchboard.Entry, unread []error) {
	began := time.Now()
	msgs, err := j.collectLast(ctx, j.contacts, "contact.*")
	if err != nil {
		return nil, []error{fmt.Errorf("reading the live contacts: %w", err)}
	}
	for _, m := range msgs {
		if e, err := entryOf(m); err != nil {
			unread = append(unread, err)
		} else {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b switchboard.Entry) int {
		return cmp.Or(a.Contact.Arrived.Compare(b.Contact.Arrived), cmp.Compare(a.Seq, b.Seq))
	})
	j.log.Info("the journal is read", "live", len(entries), "unreadable", len(unread), "took", time.Since(began))
	return entries, unread
}
