package journal

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/call"
	"holdfast/switchboard"
)

// Contacts returns the ids of all contacts, archived or not, in the order of
// the alphabet.
func (j *Journal) Contacts(ctx context.Context) ([]call.ContactID, error) {
	all := map[call.ContactID]bool{}
	for _, s := range []jetstream.Stream{j.archive, j.contacts} {
		info, err := s.Info(ctx, jetstream.WithSubjectFilter(">"))
		if err != nil {
			return nil, fmt.Errorf("listing the contacts: %w", err)
		}
		for subject := range info.State.Subjects {
			all[contactOf(subject)] = true
		}
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// Entries yields every entry that there is, first those that are archived. Of
// each contact they come in order. One that cannot be read comes as an error
// with its Seq set; an error without a Seq is the end.
//
// It is meant for a journal that nobody writes to.
func (j *Journal) Entries(ctx context.Context) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		for m, err := range j.messages(ctx) {
			if err != nil {
				yield(switchboard.Entry{}, err)
				return
			}
			if !yield(entryOf(m)) {
				return
			}
		}
	}
}

// messages yields what keeps every entry, each entry once. An error ends it.
func (j *Journal) messages(ctx context.Context) iter.Seq2[jetstream.Msg, error] {
	return func(yield func(jetstream.Msg, error) bool) {
		seen := map[call.ContactID]uint64{} // the last entry of each contact
		for _, s := range []jetstream.Stream{j.archive, j.contacts} {
			for m, err := range j.all(ctx, s, ">", 1, false) {
				if err != nil {
					yield(nil, fmt.Errorf("reading the journal: %w", err))
					return
				}
				id, seq := contactOf(m.Subject()), sequence(m)
				if seq <= seen[id] {
					continue // archived, and not yet taken away
				}
				seen[id] = seq
				if !yield(m, nil) {
					return
				}
			}
		}
	}
}
