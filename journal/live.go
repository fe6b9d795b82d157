package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

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
	var msgs []jetstream.Msg
	err := j.outlast(ctx, func() (err error) {
		msgs, err = j.collectLast(ctx, j.contacts, "contact.*")
		return err
	})
	if err != nil {
		return nil, []error{fmt.Errorf("reading the live contacts: %w", err)}
	}
	entries, unread = j.decode(ctx, msgs)
	missed, more := j.overlooked(ctx, msgs)
	entries, unread = append(entries, missed...), append(unread, more...)
	slices.SortFunc(entries, func(a, b switchboard.Entry) int {
		return cmp.Or(a.Contact.Arrived.Compare(b.Contact.Arrived), cmp.Compare(a.Seq, b.Seq))
	})
	j.log.Info("the journal is read", "live", len(entries), "unreadable", len(unread), "damage", len(j.Damage()), "took", time.Since(began))
	return entries, unread
}

// readers is how many entries are read at once: in a cluster each may wait for the
// whole entry that it builds on.
const readers = 16

// decode reads the last entry of each contact.
func (j *Journal) decode(ctx context.Context, msgs []jetstream.Msg) (entries []switchboard.Entry, unread []error) {
	all, errs := make([]switchboard.Entry, len(msgs)), make([]error, len(msgs))
	var working sync.WaitGroup
	for first := range readers {
		working.Go(func() { // ends with its share
			d := j.decoder(ctx)
			for i := first; i < len(msgs); i += readers {
				all[i], errs[i] = d.entry(messageIn(msgs[i]))
			}
		})
	}
	working.Wait()
	for i, err := range errs {
		if err != nil {
			unread = append(unread, err)
		} else {
			entries = append(entries, all[i])
		}
	}
	return entries, unread
}

// overlooked are the last entries of the contacts of which msgs has none: a
// customer is not lost for a reader's mistake. One is known: when a request for
// more expires just as the server (2.15.2) has taken a message off its list of
// last ones, that message comes no more.
func (j *Journal) overlooked(ctx context.Context, msgs []jetstream.Msg) (entries []switchboard.Entry, unread []error) {
	info, err := j.contacts.Info(ctx, jetstream.WithSubjectFilter("contact.*"))
	if err != nil {
		return nil, []error{fmt.Errorf("counting the live contacts: %w", err)}
	}
	missing := info.State.Subjects
	for _, m := range msgs {
		delete(missing, m.Subject())
	}
	for subject := range missing {
		switch e, err := j.last(ctx, subject); {
		case errors.Is(err, jetstream.ErrMsgNotFound): // archived meanwhile
		case err != nil:
			unread = append(unread, err)
		default:
			entries = append(entries, e)
		}
	}
	return entries, unread
}

// last is the last entry of a subject.
func (j *Journal) last(ctx context.Context, subject string) (switchboard.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	m, err := j.contacts.GetLastMsgForSubject(ctx, subject)
	if err != nil {
		return switchboard.Entry{}, fmt.Errorf("reading the last entry of %s: %w", subject, err)
	}
	return j.decoder(ctx).entry(rawMessage(m, m.Sequence))
}
