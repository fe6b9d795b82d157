package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/switchboard"
)

// askAtOnce is how many questions Live has open at a time.
const askAtOnce = 16

// Live implements [switchboard.Journal]. What cannot be read comes last, each
// as an error that names its subject.
//
// In a cluster it asks the stream's leader: a contact that another node wrote
// down just before it died must not be missing.
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
	info, err := j.contacts.Info(ctx, jetstream.WithSubjectFilter("contact.*"))
	if err != nil {
		return nil, []error{fmt.Errorf("listing the live contacts: %w", err)}
	}
	for last := range j.lastOf(ctx, slices.Sorted(maps.Keys(info.State.Subjects))) {
		switch {
		case errors.Is(last.err, jetstream.ErrMsgNotFound): // archived meanwhile
		case last.err != nil:
			unread = append(unread, last.err)
		default:
			entries = append(entries, last.entry)
		}
	}
	slices.SortFunc(entries, func(a, b switchboard.Entry) int {
		return cmp.Or(a.Contact.Arrived.Compare(b.Contact.Arrived), cmp.Compare(a.Seq, b.Seq))
	})
	return entries, unread
}

// lastEntry is what a subject's last message says, or why that is not known.
type lastEntry struct {
	entry switchboard.Entry
	err   error
}

// lastOf sends the last entry of every subject, in any order.
func (j *Journal) lastOf(ctx context.Context, subjects []string) <-chan lastEntry {
	results := make(chan lastEntry, len(subjects))
	questions := make(chan string, len(subjects))
	for _, subject := range subjects {
		questions <- subject
	}
	close(questions)
	var asking sync.WaitGroup
	for range askAtOnce {
		asking.Go(func() {
			for subject := range questions {
				e, err := j.last(ctx, subject)
				results <- lastEntry{e, err}
			}
		})
	}
	go func() {
		asking.Wait()
		close(results)
	}()
	return results
}

func (j *Journal) last(ctx context.Context, subject string) (switchboard.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	m, err := j.contacts.GetLastMsgForSubject(ctx, subject)
	if err != nil {
		return switchboard.Entry{}, fmt.Errorf("reading the last entry of %s: %w", subject, err)
	}
	return decode(subject, m.Sequence, m.Data)
}
