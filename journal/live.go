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

// Live implements [switchboard.Journal]. Entries that cannot be read come last, each as
// an error that names its subject, with the Seq set. An error without a Seq means that
// the journal could not be read as a whole.
//
// In a cluster it makes sure of the stream's leader that nothing is missing: not
// even a contact that another node wrote down just before it died.
func (j *Journal) Live(ctx context.Context) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		began := time.Now()
		var entries []switchboard.Entry
		var unread []unreadable
		err := j.outlast(ctx, func() (err error) {
			entries, unread, err = j.live(ctx)
			return err
		})
		if err != nil {
			yield(switchboard.Entry{}, fmt.Errorf("reading the live contacts: %w", err))
			return
		}
		j.log.Info("the journal is read", "live", len(entries), "unreadable", len(unread), "damage", len(j.Damage()), "took", time.Since(began))
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
		for _, u := range unread {
			if !yield(switchboard.Entry{Seq: u.seq}, u.err) {
				return
			}
		}
	}
}

// unreadable is an entry that cannot be read, now or later.
type unreadable struct {
	seq uint64
	err error
}

// live reads the last entry of each contact. After an error it may find more.
func (j *Journal) live(ctx context.Context) (entries []switchboard.Entry, unread []unreadable, err error) {
	msgs, err := j.collectLast(ctx, j.contacts, "contact.*")
	if err != nil {
		return nil, nil, err
	}
	last := make([]message, len(msgs))
	for i, m := range msgs {
		last[i] = messageIn(m)
	}
	missed, err := j.overlooked(ctx, last)
	if err != nil {
		return nil, nil, err
	}
	entries, unread, err = j.decode(ctx, append(last, missed...))
	slices.SortFunc(entries, func(a, b switchboard.Entry) int {
		return cmp.Or(a.Contact.Arrived.Compare(b.Contact.Arrived), cmp.Compare(a.Seq, b.Seq))
	})
	return entries, unread, err
}

// readers is how many entries are read at once: in a cluster each may wait for the
// whole entry that it builds on.
const readers = 16

// decode reads the last entry of each contact. An error is one that may pass.
func (j *Journal) decode(ctx context.Context, last []message) (entries []switchboard.Entry, unread []unreadable, err error) {
	all, errs := make([]switchboard.Entry, len(last)), make([]error, len(last))
	var working sync.WaitGroup
	for first := range readers {
		working.Go(func() { // ends with its share
			d := j.decoder(ctx)
			for i := first; i < len(last); i += readers {
				all[i], errs[i] = d.entry(last[i])
			}
		})
	}
	working.Wait()
	for i, err := range errs {
		switch {
		case unfetched(err):
			return nil, nil, err
		case err != nil:
			unread = append(unread, unreadable{last[i].seq, err})
		default:
			entries = append(entries, all[i])
		}
	}
	return entries, unread, nil
}

// overlooked returns the last entries of the contacts of which last has none: a
// customer is not lost for a reader's mistake. One is known: when a request for
// more expires just as the server (2.15.2) has taken a message off its list of
// last ones, that message does not come again.
func (j *Journal) overlooked(ctx context.Context, last []message) (missed []message, err error) {
	info, err := j.contacts.Info(ctx, jetstream.WithSubjectFilter("contact.*"))
	if err != nil {
		return nil, fmt.Errorf("counting the live contacts: %w", err)
	}
	missing := info.State.Subjects
	for _, m := range last {
		delete(missing, m.subject)
	}
	for subject := range missing {
		m, err := j.last(ctx, subject)
		if err != nil {
			return nil, fmt.Errorf("reading the last entry of %s: %w", subject, err)
		}
		if m != nil {
			missed = append(missed, rawMessage(m, m.Sequence))
		}
	}
	return missed, nil
}

// last returns the last message of a contact, or nil if it is archived. The server
// answers that there is none also for an error of its disk, so that ARCHIVE is asked.
func (j *Journal) last(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	m, err := j.contacts.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		var archive jetstream.Stream
		if archive, err = j.archive(ctx); err == nil {
			_, err = archive.GetLastMsgForSubject(ctx, archiveSubject(contactOf(subject)))
		}
	}
	return m, err
}
