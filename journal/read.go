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

// History implements [switchboard.Journal]: first the archived entries, then
// the others.
func (j *Journal) History(ctx context.Context, id call.ContactID) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		if err := checkToken("contact id", string(id)); err != nil {
			yield(switchboard.Entry{}, err)
			return
		}
		// In this order, because Archive may be at work: an entry gone from
		// the first by the time we look is in the second.
		live, err := j.collect(ctx, j.contacts, contactSubject(id))
		archived, err2 := j.collectArchived(ctx, id)
		if err := errors.Join(err, err2); err != nil {
			yield(switchboard.Entry{}, fmt.Errorf("reading the history of contact %s: %w", id, err))
			return
		}
		all := append(archived, live...)
		d := &decoder{fetch: fetchFrom(all)}
		var last uint64
		for _, m := range all {
			seq := sequence(m)
			if seq <= last {
				continue
			}
			last = seq
			if !yield(d.entry(messageIn(m))) {
				return
			}
		}
	}
}

// collectArchived returns the messages of a contact in ARCHIVE.
func (j *Journal) collectArchived(ctx context.Context, id call.ContactID) ([]jetstream.Msg, error) {
	archive, err := j.archive(ctx)
	if err != nil {
		return nil, err
	}
	return j.collect(ctx, archive, archiveSubject(id))
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

func messageIn(m jetstream.Msg) message {
	return message{m.Subject(), sequence(m), number(m.Headers(), headerBase), m.Data()}
}

// fetchFrom finds entries among the messages of a contact.
func fetchFrom(all []jetstream.Msg) func(string, uint64) (message, error) {
	return func(_ string, seq uint64) (message, error) {
		for _, m := range all {
			if sequence(m) == seq {
				return messageIn(m), nil
			}
		}
		return message{}, errNoEntry
	}
}

// rawMessage is the message that the stream has at a place, of the entry seq.
func rawMessage(m *jetstream.RawStreamMsg, seq uint64) message {
	return message{m.Subject, seq, number(m.Header, headerBase), m.Data}
}

// decoder reads entries of contacts wherever they are.
func (j *Journal) decoder(ctx context.Context) *decoder {
	return &decoder{fetch: func(subject string, seq uint64) (message, error) {
		return j.fetch(ctx, contactOf(subject), seq)
	}}
}

// fetch finds an entry of a contact.
func (j *Journal) fetch(ctx context.Context, id call.ContactID, seq uint64) (message, error) {
	if on := j.bases.get(id); on.record.seq == seq {
		return message{on.record.subject, seq, 0, on.record.data}, nil
	}
	if j.copies != nil { // sooner than the server would be asked
		if r, has := j.copies.find(contactSubject(id), seq); has {
			return messageOf(r).message, nil
		}
	}
	short, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	m, err := j.contacts.GetMsg(short, seq)
	switch {
	case err == nil:
		return rawMessage(m, seq), nil
	case !errors.Is(err, jetstream.ErrMsgNotFound):
		return message{}, err
	}
	archived, err := j.collectArchived(ctx, id)
	if err != nil {
		return message{}, err
	}
	return fetchFrom(archived)("", seq)
}
