package journal

import (
	"bytes"
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/switchboard"
)

// Put stores data under that name, provided that the last data stored there is at
// sequence after (0: none). Only the last data is kept. It returns the sequence
// of data. switchboard.ErrFenced means that another server has written; after any
// other error it is unknown whether data was written, and putting the same again,
// with the same after, settles it.
func (j *Journal) Put(ctx context.Context, kind, name string, data []byte, after uint64) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, appendWithin)
	defer cancel()
	m := &nats.Msg{Subject: itemSubject(kind, name), Data: data}
	seq, err := j.put(ctx, m, after)
	if err == nil && j.lost() {
		err = errLost
	}
	if err != nil {
		return 0, fmt.Errorf("keeping %s %s: %w", kind, name, j.because(err))
	}
	j.keepCopy(recordOf(m, seq, time.Now()))
	return seq, nil
}

// put publishes m as often as it takes to know whether it was written.
func (j *Journal) put(ctx context.Context, m *nats.Msg, after uint64) (uint64, error) {
	expect := after
	for {
		seq, err := j.publish(ctx, m, expect)
		if err == nil || !unsettled(err) {
			return seq, err
		}
		last, reading := j.lastItem(ctx, m.Subject)
		switch {
		case errors.Is(reading, jetstream.ErrStreamNotFound):
			expect = 0
			if _, err := j.openRouting(ctx); err != nil {
				return 0, err
			}
		case errors.Is(reading, jetstream.ErrMsgNotFound):
			expect = 0 // the journal was lost under the living, who know best
		case reading != nil:
			return 0, fmt.Errorf("%w (first: %w)", reading, err)
		case last.Sequence <= after: // before it: that one was lost
			expect = last.Sequence
		case bytes.Equal(last.Data, m.Data):
			return last.Sequence, nil
		default:
			return 0, switchboard.ErrFenced
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%w (last: %w)", ctx.Err(), err)
		case <-time.After(retryAfter):
		}
	}
}

func (j *Journal) lastItem(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	return j.routing.GetLastMsgForSubject(ctx, subject)
}

// All is everything that is kept of a kind, in the order of its names. While the
// disk fails it waits, until ctx ends.
func (j *Journal) All(ctx context.Context, kind string) (all []switchboard.Item, err error) {
	err = j.outlast(ctx, func() error {
		all, err = j.items(ctx, kind)
		return err
	})
	return all, err
}

func (j *Journal) items(ctx context.Context, kind string) ([]switchboard.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	info, err := j.routing.Info(ctx, jetstream.WithSubjectFilter(routingPrefix+kind+".*"))
	if err != nil {
		return nil, fmt.Errorf("reading every %s: %w", kind, err)
	}
	var all []switchboard.Item
	for subject := range info.State.Subjects {
		name, err := itemName(subject)
		if err != nil {
			return nil, fmt.Errorf("reading every %s: %w", kind, err)
		}
		m, err := j.routing.GetLastMsgForSubject(ctx, subject)
		if err != nil {
			return nil, fmt.Errorf("reading %s %s: %w", kind, name, err)
		}
		all = append(all, switchboard.Item{Name: name, Data: m.Data, Seq: m.Sequence})
	}
	slices.SortFunc(all, func(a, b switchboard.Item) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

const routingPrefix = "routing."

// itemEncoding makes one token of a subject of any name.
var itemEncoding = base32.HexEncoding.WithPadding(base32.NoPadding)

func itemSubject(kind, name string) string {
	return routingPrefix + kind + "." + itemEncoding.EncodeToString([]byte(name))
}

func itemName(subject string) (string, error) {
	name, err := itemEncoding.DecodeString(subject[strings.LastIndexByte(subject, '.')+1:])
	if err != nil {
		return "", fmt.Errorf("the subject %s has no name: %w", subject, err)
	}
	return string(name), nil
}

// openRouting makes the stream if it is missing. Only the last of each subject is
// kept, for ever.
func (j *Journal) openRouting(ctx context.Context) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	s, err := j.js.Stream(ctx, "ROUTING")
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return s, err
	}
	return j.js.CreateStream(ctx, jetstream.StreamConfig{
		Name:              "ROUTING",
		Subjects:          []string{routingPrefix + "*.*"},
		Storage:           jetstream.FileStorage,
		Replicas:          j.replicas,
		MaxMsgsPerSubject: 1,
	})
}
