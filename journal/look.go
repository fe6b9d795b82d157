package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"holdfast/call"
	"holdfast/switchboard"
)

// A Look is the journal in a directory, open for reading only. It reads the
// blocks of the embedded server by itself, for that server would cut damaged blocks
// short, and it changes no file. It shows the contacts that a server would carry on:
// entries that a damaged block has lost come from their copies. Until it is closed no
// server can use the directory.
type Look struct {
	lock   *os.File
	survey *survey
}

// LookInto opens the journal in a directory that no server uses.
func LookInto(ctx context.Context, dir string) (*Look, error) {
	if _, err := os.Stat(filepath.Join(dir, server.JetStreamStoreDir)); err != nil {
		return nil, fmt.Errorf("no journal in %s: %w", dir, err)
	}
	lock, err := share(dir)
	if err != nil {
		return nil, err
	}
	l := &Look{lock: lock}
	if l.survey, err = examine(ctx, dir); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Close lets servers use the directory again.
func (l *Look) Close() error {
	if l.lock == nil {
		return nil
	}
	return l.lock.Close()
}

// Damage returns the parts of the journal that cannot be read or are missing, with their
// place, a line each. It includes the damage that a server has found before.
func (l *Look) Damage() []string {
	damage := slices.Clone(l.survey.damage)
	for _, g := range l.survey.mark.Gaps {
		damage = append(damage, g.String())
	}
	return damage
}

// Contacts returns the ids of all contacts, archived or not, in the order of
// the alphabet.
func (l *Look) Contacts(ctx context.Context) ([]call.ContactID, error) {
	all := map[call.ContactID]bool{}
	for m, err := range l.messages(ctx) {
		if err != nil {
			return nil, fmt.Errorf("listing the contacts: %w", err)
		}
		all[contactOf(m.subject)] = true
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// Entries yields every entry that there is, first those that are archived. Of
// each contact they come in order. One that cannot be read comes as an error
// with its Seq set; an error without a Seq is the end.
func (l *Look) Entries(ctx context.Context) iter.Seq2[switchboard.Entry, error] {
	return l.entries(ctx, func(call.ContactID) bool { return true })
}

// History yields the entries of one contact, as Entries does.
func (l *Look) History(ctx context.Context, id call.ContactID) iter.Seq2[switchboard.Entry, error] {
	return l.entries(ctx, func(other call.ContactID) bool { return other == id })
}

func (l *Look) entries(ctx context.Context, wanted func(call.ContactID) bool) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		d := l.decoder(ctx)
		for m, err := range l.messages(ctx) {
			var e switchboard.Entry
			if err == nil {
				if !wanted(contactOf(m.subject)) {
					continue
				}
				e, err = d.entry(m.message)
			}
			if err != nil && e.Seq == 0 || unfetched(err) {
				yield(switchboard.Entry{}, fmt.Errorf("reading the journal: %w", err))
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// decoder reads entries.
func (l *Look) decoder(ctx context.Context) *decoder {
	return &decoder{fetch: func(subject string, seq uint64) (message, error) {
		return l.fetch(ctx, contactOf(subject), seq)
	}}
}

// fetch finds an entry of a contact: in CONTACTS, of which it is known where each is, or
// anywhere in ARCHIVE.
func (l *Look) fetch(ctx context.Context, id call.ContactID, seq uint64) (message, error) {
	st := l.survey.contacts
	for _, r := range st.restored {
		if r.seq == seq && contactOf(r.subject) == id {
			return messageOf(r).message, nil
		}
	}
	k, live := st.kept[seq]
	if live = live && contactOf(k.subject) == id; !live {
		st = l.survey.archive
	}
	all, err := blocks(l.survey.dir, st.name)
	if err != nil {
		return message{}, err
	}
	if live {
		all = slices.DeleteFunc(all, func(b block) bool { return b.number != k.block })
	}
	for p, err := range partsIn(ctx, all) {
		if err != nil {
			return message{}, err
		}
		if p.err == nil && p.isMessage() && cmp.Or(p.headerNumber(headerSeq), p.seq) == seq && contactOf(p.subject) == id {
			return messageOf(p.record).message, nil
		}
	}
	return message{}, errNoEntry
}

// A headed message has its header, too.
type headed struct {
	message
	header nats.Header
}

// messages yields the message of every entry, each entry once. An error ends it.
func (l *Look) messages(ctx context.Context) iter.Seq2[headed, error] {
	return func(yield func(headed, error) bool) {
		seen := map[call.ContactID]uint64{} // the last entry of each contact
		for _, st := range []*stream{l.survey.archive, l.survey.contacts} {
			for r, err := range l.records(ctx, st) {
				if err != nil {
					yield(headed{}, err)
					return
				}
				m := messageOf(r)
				id := contactOf(m.subject)
				if m.seq <= seen[id] {
					continue // archived, and not yet taken away
				}
				seen[id] = m.seq
				if !yield(m, nil) {
					return
				}
			}
		}
	}
}

// records yields the messages of a stream in their order.
func (l *Look) records(ctx context.Context, st *stream) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		restored := st.restored
		for p, err := range parts(ctx, l.survey.dir, st.name) {
			if err != nil {
				yield(record{}, err)
				return
			}
			if _, removed := st.removed[p.seq]; p.err != nil || !p.isMessage() || removed || st.orphans[p.seq] {
				continue
			}
			for len(restored) > 0 && restored[0].seq < p.seq {
				if !yield(restored[0], nil) {
					return
				}
				restored = restored[1:]
			}
			if !yield(p.record, nil) {
				return
			}
		}
		for _, r := range restored {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func messageOf(r record) headed {
	m := headed{message{r.subject, cmp.Or(r.headerNumber(headerSeq), r.seq), r.base(), r.data}, nats.Header{}}
	if h, err := nats.DecodeHeadersMsg(r.header); err == nil {
		m.header = h
	}
	return m
}
