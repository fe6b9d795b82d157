package journal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// batch is how many messages a reader asks for at once.
	batch = 500
	// catchUp is how long a reader waits for a server of the cluster that
	// lags behind the leader.
	catchUp = 100 * time.Millisecond
)

var errClosed = errors.New("the journal is closed")

// A reader reads the messages of a subject in order of their sequence. The stream never
// waits for a reader: the reader asks for the next messages when it has dealt with those
// it had. In a cluster, any server may be the one that reads for us; a message missing
// there may exist on another, so ask drained.
type reader struct {
	j       *Journal
	stream  jetstream.Stream
	subject string
	from    jetstream.Consumer
	opened  time.Time
	count   uint64 // messages read
	next    uint64 // the sequence to read from
}

// newReader reads from the sequence start on.
func (j *Journal) newReader(ctx context.Context, s jetstream.Stream, subject string, start uint64, headersOnly bool) (*reader, error) {
	return j.consume(ctx, s, jetstream.ConsumerConfig{
		FilterSubject: subject,
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   max(start, 1),
		HeadersOnly:   headersOnly,
	})
}

// newLastReader reads the last message of each subject, and then each new one.
func (j *Journal) newLastReader(ctx context.Context, s jetstream.Stream, subject string) (*reader, error) {
	return j.consume(ctx, s, jetstream.ConsumerConfig{
		FilterSubject: subject,
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy,
	})
}

func (j *Journal) consume(ctx context.Context, s jetstream.Stream, config jetstream.ConsumerConfig) (*reader, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	config.AckPolicy = jetstream.AckNonePolicy
	config.MemoryStorage = true
	config.Replicas = 1
	config.InactiveThreshold = time.Minute
	from, err := s.CreateConsumer(ctx, config)
	if err != nil {
		return nil, err
	}
	return &reader{j: j, stream: s, subject: config.FilterSubject, from: from, opened: time.Now(), next: max(config.OptStartSeq, 1)}, nil
}

// read yields up to batch messages: those that are there (wait 0), or those
// that come within wait. An error ends it.
func (r *reader) read(ctx context.Context, wait time.Duration) iter.Seq2[jetstream.Msg, error] {
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
					if err := r.ended(ctx, got.Error()); err != nil {
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

// ended is the error with which a batch ended. In a cluster, our server may hear of a new
// reader only after the leader of the stream has answered that it is there: until then
// it knows no responders, and the reader tries again.
func (r *reader) ended(ctx context.Context, err error) error {
	if !errors.Is(err, nats.ErrNoResponders) || r.count > 0 || time.Since(r.opened) > answerWithin {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.j.closed:
		return errClosed
	case <-time.After(catchUp):
		return nil
	}
}

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
	r.next = meta.Sequence.Stream + 1
	return nil
}

// drained reports whether, as the stream's leader knows, there is nothing more
// for the reader up to a sequence.
func (r *reader) drained(ctx context.Context, until uint64) (bool, error) {
	if r.next > until {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	m, err := r.stream.GetMsg(ctx, r.next, jetstream.WithGetMsgSubject(r.subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return m.Sequence > until, nil
}

// close lets the server forget the reader now rather than in a minute.
func (r *reader) close() {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	if err := r.stream.DeleteConsumer(ctx, r.from.CachedInfo().Name); err != nil {
		r.j.log.Debug("journal: a reader is left to expire", "error", err)
	}
}

// all yields the messages of a subject, from a sequence up to those that are
// there now.
func (j *Journal) all(ctx context.Context, s jetstream.Stream, subject string, start uint64, headersOnly bool) iter.Seq2[jetstream.Msg, error] {
	return j.drain(ctx, s, func() (*reader, error) { return j.newReader(ctx, s, subject, start, headersOnly) })
}

// drain yields the messages that a reader of a stream reads, up to the last one there
// now.
func (j *Journal) drain(ctx context.Context, s jetstream.Stream, open func() (*reader, error)) iter.Seq2[jetstream.Msg, error] {
	return func(yield func(jetstream.Msg, error) bool) {
		until, err := lastSeq(ctx, s)
		if err != nil {
			yield(nil, err)
			return
		}
		r, err := open()
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.close()
		for wait := time.Duration(0); ; {
			before := r.count
			for m, err := range r.read(ctx, wait) {
				if !yield(m, err) || err != nil {
					return
				}
			}
			if wait = 0; r.count == before {
				wait = catchUp
			}
			drained, err := r.drained(ctx, until)
			if err != nil {
				yield(nil, err)
			}
			if err != nil || drained {
				return
			}
		}
	}
}

// collect returns the messages of a subject.
func (j *Journal) collect(ctx context.Context, s jetstream.Stream, subject string) ([]jetstream.Msg, error) {
	return j.insist(ctx, func() iter.Seq2[jetstream.Msg, error] { return j.all(ctx, s, subject, 1, false) })
}

// collectLast returns the last message of every subject that matches, in order.
func (j *Journal) collectLast(ctx context.Context, s jetstream.Stream, subject string) ([]jetstream.Msg, error) {
	msgs, err := toEnd(j.drain(ctx, s, func() (*reader, error) { return j.newLastReader(ctx, s, subject) }))
	last := map[string]uint64{} // a server that lagged may have given us an earlier one, too
	for _, m := range msgs {
		last[m.Subject()] = sequence(m)
	}
	return slices.DeleteFunc(msgs, func(m jetstream.Msg) bool { return sequence(m) != last[m.Subject()] }), err
}

// insist reads to the end. It tries again when the server of the cluster that
// reads for us has gone away.
func (j *Journal) insist(ctx context.Context, read func() iter.Seq2[jetstream.Msg, error]) ([]jetstream.Msg, error) {
	for try := 1; ; try++ {
		msgs, err := toEnd(read())
		if err == nil || try == 5 || j.conn.IsClosed() {
			return msgs, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(2 * catchUp):
		}
	}
}

func toEnd(messages iter.Seq2[jetstream.Msg, error]) (msgs []jetstream.Msg, err error) {
	for m, err := range messages {
		if err != nil {
			return nil, err
		}
		msgs = append(msgs, m)
	}
	return msgs, nil
}
