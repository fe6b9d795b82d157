package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/call"
	"holdfast/switchboard"
)

// Live implements [switchboard.Journal]. What cannot be read comes last, each
// as an error that names its sequence and subject.
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
	last := map[string]jetstream.Msg{}
	for m, err := range j.all(ctx, j.contacts, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy,
		FilterSubject: "contact.*",
	}) {
		if err != nil {
			unread = append(unread, fmt.Errorf("reading the live contacts: %w", err))
			break
		}
		last[m.Subject()] = m // a contact that moved meanwhile comes again
	}
	for _, m := range last {
		e, err := entryOf(m)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b switchboard.Entry) int {
		return cmp.Or(a.Contact.Arrived.Compare(b.Contact.Arrived), cmp.Compare(a.Seq, b.Seq))
	})
	return entries, unread
}

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

func (j *Journal) collect(ctx context.Context, s jetstream.Stream, subject string) ([]jetstream.Msg, error) {
	var msgs []jetstream.Msg
	for m, err := range j.all(ctx, s, jetstream.ConsumerConfig{FilterSubject: subject}) {
		if err != nil {
			return nil, err
		}
		msgs = append(msgs, m)
	}
	return msgs, nil
}

// all yields the messages that are in the stream now.
func (j *Journal) all(ctx context.Context, s jetstream.Stream, c jetstream.ConsumerConfig) iter.Seq2[jetstream.Msg, error] {
	return func(yield func(jetstream.Msg, error) bool) {
		r, err := j.newReader(ctx, s, c)
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.close()
		for {
			before := r.count
			for m, err := range r.next(ctx, 0) {
				if !yield(m, err) || err != nil {
					return
				}
			}
			if r.count > before {
				continue
			}
			if drained, err := r.drained(ctx); err != nil || drained {
				if err != nil {
					yield(nil, err)
				}
				return
			}
		}
	}
}

// A reader reads a stream in order. The stream waits for nobody: a reader asks
// for the next messages when it has dealt with those it had.
type reader struct {
	j      *Journal
	stream jetstream.Stream
	from   jetstream.Consumer
	count  uint64 // messages read
}

func (j *Journal) newReader(ctx context.Context, s jetstream.Stream, c jetstream.ConsumerConfig) (*reader, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	c.AckPolicy = jetstream.AckNonePolicy
	c.MemoryStorage = true
	c.Replicas = 1
	c.InactiveThreshold = time.Minute
	from, err := s.CreateConsumer(ctx, c)
	if err != nil {
		return nil, err
	}
	return &reader{j: j, stream: s, from: from}, nil
}

// batch is how many messages a reader asks for at once.
const batch = 500

// next yields up to batch messages: those that are there (wait 0), or those
// that come within wait. An error ends it.
func (r *reader) next(ctx context.Context, wait time.Duration) iter.Seq2[jetstream.Msg, error] {
	return func(yield func(jetstream.Msg, error) bool) {
		got, err := r.fetch(wait)
		if err != nil {
			yield(nil, err)
			return
		}
		for {
			select {
			case <-ctx.Done():
				yield(nil, ctx.Err())
				return
			case <-r.j.closed:
				yield(nil, errClosed)
				return
			case m, ok := <-got.Messages():
				if !ok {
					if err := got.Error(); err != nil {
						yield(nil, err)
					}
					return
				}
				err := r.received(m)
				if !yield(m, err) || err != nil {
					return
				}
			}
		}
	}
}

var errClosed = errors.New("the journal is closed")

func (r *reader) fetch(wait time.Duration) (jetstream.MessageBatch, error) {
	if wait == 0 {
		return r.from.FetchNoWait(batch)
	}
	return r.from.Fetch(batch, jetstream.FetchMaxWait(wait))
}

// received makes sure that no message was lost between the stream and us.
func (r *reader) received(m jetstream.Msg) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	r.count++
	if meta.Sequence.Consumer != r.count {
		return fmt.Errorf("the connection lost messages before %d of stream %s", meta.Sequence.Stream, meta.Stream)
	}
	return nil
}

// drained reports whether the stream has nothing more for the reader.
func (r *reader) drained(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	info, err := r.from.Info(ctx)
	if err != nil {
		return false, err
	}
	return info.NumPending == 0 && info.Delivered.Consumer == r.count, nil
}

// close lets the server forget the reader now rather than in a minute.
func (r *reader) close() {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	if err := r.stream.DeleteConsumer(ctx, r.from.CachedInfo().Name); err != nil {
		r.j.log.Debug("journal: a reader is left to expire", "error", err)
	}
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
