package journal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"holdfast/call"
	"holdfast/switchboard"
)

// A Look is the journal in a directory, open for reading only. It reads the
// blocks of the embedded server by itself, for that server would cut what is
// damaged, and it changes no file. Until it is closed no server can use the
// directory.
type Look struct {
	dir     string
	lock    *os.File
	removed map[string]map[uint64]bool // of each stream, the messages that were removed
	damage  []Damage
}

// Damage is something in a journal that cannot be read, or is missing.
type Damage struct {
	Place string // such as "stream CONTACTS, block 1, bytes 10 to 20"
	Text  string // what is wrong there, and whose it was
}

func (d Damage) String() string { return d.Place + ": " + d.Text }

// LookInto opens the journal in a directory that no server uses.
func LookInto(ctx context.Context, dir string) (*Look, error) {
	if _, err := os.Stat(filepath.Join(dir, server.JetStreamStoreDir)); err != nil {
		return nil, fmt.Errorf("there is no journal in %s: %w", dir, err)
	}
	lock, err := share(dir)
	if err != nil {
		return nil, err
	}
	l := &Look{dir: dir, lock: lock, removed: map[string]map[uint64]bool{}}
	for _, stream := range []string{"CONTACTS", "ARCHIVE", "ROUTING"} {
		if err := l.examine(ctx, stream); err != nil {
			return nil, errors.Join(err, l.Close())
		}
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

// Damage returns what of the journal cannot be read or is missing.
func (l *Look) Damage() []Damage { return l.damage }

// examine reads a stream once: what was removed from it, and what is damaged.
func (l *Look) examine(ctx context.Context, stream string) error {
	removed := map[uint64]bool{}
	var last uint64
	for p, err := range parts(ctx, l.dir, stream) {
		switch {
		case err != nil:
			return err
		case p.err != nil:
			l.damage = append(l.damage, p.damage())
		case p.removes:
			removed[p.seq] = true
		default:
			// Nothing but the oldest entries is ever removed from ARCHIVE.
			if stream == "ARCHIVE" && last != 0 && p.seq > last+1 {
				l.damage = append(l.damage, missing(p.block, last+1, p.seq-1))
			}
			last = p.seq
		}
	}
	l.removed[stream] = removed
	return nil
}

// missing is the damage of a stream that lacks the entries first to last, which
// came before a block or in it.
func missing(b block, first, last uint64) Damage {
	which := fmt.Sprintf("entries %d to %d are", first, last)
	if first == last {
		which = fmt.Sprintf("entry %d is", first)
	}
	return Damage{b.String(), which + " missing"}
}

// damage describes a part that is not a record. Its subject may be readable
// still.
func (p part) damage() Damage {
	d := Damage{fmt.Sprintf("%s, bytes %d to %d", p.block, p.from, p.to), "unreadable: " + p.err.Error()}
	if strings.HasPrefix(p.subject, prefixes[p.stream]) {
		d.Text += fmt.Sprintf(" (it seems to be entry %d of %s)", p.seq, named(p.subject))
	}
	return d
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
		for m, err := range l.messages(ctx) {
			switch {
			case err != nil:
				yield(switchboard.Entry{}, fmt.Errorf("reading the journal: %w", err))
				return
			case wanted(contactOf(m.subject)) && !yield(decode(m.subject, m.seq, m.data)):
				return
			}
		}
	}
}

// A message keeps an entry.
type message struct {
	subject string
	seq     uint64 // of the entry; in ARCHIVE, the one it had before
	header  nats.Header
	data    []byte
}

// messages yields what keeps every entry, each entry once. An error ends it.
func (l *Look) messages(ctx context.Context) iter.Seq2[message, error] {
	return func(yield func(message, error) bool) {
		seen := map[call.ContactID]uint64{} // the last entry of each contact
		for _, stream := range []string{"ARCHIVE", "CONTACTS"} {
			for p, err := range parts(ctx, l.dir, stream) {
				if err != nil {
					yield(message{}, err)
					return
				}
				if p.err != nil || !p.isMessage() || l.removed[stream][p.seq] {
					continue
				}
				m := messageOf(p.record)
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

func messageOf(r record) message {
	m := message{r.subject, r.seq, nats.Header{}, r.data}
	if h, err := nats.DecodeHeadersMsg(r.header); err == nil {
		m.header = h
	}
	if seq := number(m.header, headerSeq); seq != 0 {
		m.seq = seq
	}
	return m
}
