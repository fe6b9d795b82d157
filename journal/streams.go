package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// answerWithin is how long one question to the journal may take.
const answerWithin = 5 * time.Second

func (j *Journal) openStreams(ctx context.Context) (err error) {
	if j.contacts, err = j.openContacts(ctx); err != nil {
		return fmt.Errorf("opening stream CONTACTS: %w", err)
	}
	j.saw(j.contacts.CachedInfo().State.LastSeq)
	if j.routing, err = j.openRouting(ctx); err != nil {
		return fmt.Errorf("opening stream ROUTING: %w", err)
	}
	return nil
}

// makeStreams creates the streams that are missing.
func (j *Journal) makeStreams(ctx context.Context) error {
	if j.embedded == nil {
		if _, err := j.archiveIn(ctx, j.js); err != nil {
			return err
		}
	}
	if _, err := j.openRouting(ctx); err != nil {
		return err
	}
	_, err := j.openContacts(ctx)
	return err
}

// archiveIn makes ARCHIVE if it is missing.
func (j *Journal) archiveIn(ctx context.Context, js jetstream.JetStream) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	s, err := js.Stream(ctx, "ARCHIVE")
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return js.CreateStream(ctx, jetstream.StreamConfig{
			Name:     "ARCHIVE",
			Subjects: []string{"archive.*"},
			Storage:  jetstream.FileStorage,
			Replicas: j.replicas,
			MaxAge:   j.keep,
		})
	}
	if err != nil || s.CachedInfo().Config.MaxAge == j.keep {
		return s, err
	}
	config := s.CachedInfo().Config
	config.MaxAge = j.keep
	return js.UpdateStream(ctx, config)
}

// openContacts makes the stream if it is missing. It may be missing because it
// was deleted under us: its numbers then go on where they stopped, so that a
// sequence never means two entries.
func (j *Journal) openContacts(ctx context.Context) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	s, err := j.js.Stream(ctx, "CONTACTS")
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return s, err
	}
	first, err := j.nextSeq(ctx)
	if err != nil {
		return nil, err
	}
	s, err = j.js.CreateStream(ctx, jetstream.StreamConfig{
		Name:     "CONTACTS",
		Subjects: []string{"contact.*"},
		Storage:  jetstream.FileStorage,
		Replicas: j.replicas,
		FirstSeq: first,
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another node was faster
		return j.js.Stream(ctx, "CONTACTS")
	}
	return s, err
}

// nextSeq is the sequence at which CONTACTS begins anew. If only its description
// is missing and its blocks are there, the server must not begin with another one
// than the blocks do (0): it would remove everything before.
func (j *Journal) nextSeq(ctx context.Context) (uint64, error) {
	if j.embedded != nil { // the sequences in ARCHIVE were read when the server was started
		all, err := blocks(j.hold.dir, "CONTACTS")
		if err != nil || len(all) > 0 {
			return 0, err
		}
		return j.highest.Load() + 1, nil
	}
	last, err := j.lastArchived(ctx)
	return max(last, j.highest.Load()) + 1, err
}

// lastArchived is the highest sequence in CONTACTS that ARCHIVE knows of.
func (j *Journal) lastArchived(ctx context.Context) (uint64, error) {
	archive, err := j.archive(ctx)
	if err != nil {
		return 0, err
	}
	m, err := archive.GetLastMsgForSubject(ctx, "archive.*")
	if errors.Is(err, jetstream.ErrMsgNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return number(m.Header, headerUntil), nil
}

// saw notes that seq has been used.
func (j *Journal) saw(seq uint64) {
	for {
		known := j.highest.Load()
		if seq <= known || j.highest.CompareAndSwap(known, seq) {
			return
		}
	}
}

// lastSeq is the last sequence that a stream has used.
func lastSeq(ctx context.Context, s jetstream.Stream) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	info, err := s.Info(ctx)
	if err != nil {
		return 0, err
	}
	return info.State.LastSeq, nil
}

// number is the header's value, zero if there is none.
func number(h nats.Header, name string) uint64 {
	n, err := strconv.ParseUint(h.Get(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
