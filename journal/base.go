package journal

import (
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"

	"holdfast/call"
	"holdfast/switchboard"
)

// wholeEvery is after how many entries that build on a whole one there is another
// whole one at the latest.
const wholeEvery = 50

// A base is the whole entry that the next ones of a contact build on.
type base struct {
	owner  string
	epoch  uint16
	step   uint64
	record record // as it is copied
	copied bool   // the copy has been written
	count  int    // of the entries that build on it
	bytes  int    // of their contents
}

// carries reports whether an entry may build on the base.
func (b base) carries(e switchboard.Entry) bool {
	return b.record.seq != 0 && b.owner == e.Owner && b.epoch == e.Epoch && b.step < e.Step &&
		b.count < wholeEvery && b.bytes < len(b.record.data)
}

func (b base) whole() (whole, error) {
	return wholeIn(message{seq: b.record.seq, data: b.record.data})
}

// bases are those of the contacts that this process writes. A contact without one
// gets a whole entry next.
type bases struct {
	mu sync.Mutex
	of map[call.ContactID]base
}

// get returns the base of a contact, the zero value if there is none.
func (b *bases) get(id call.ContactID) base {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of[id]
}

func (b *bases) set(id call.ContactID, to base) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of == nil {
		b.of = map[call.ContactID]base{}
	}
	b.of[id] = to
}

func (b *bases) forget(id call.ContactID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.of, id)
}

// A draft is an entry as it is to be written.
type draft struct {
	entry switchboard.Entry
	all   *nats.Msg // keeps all of it
	m     *nats.Msg // to be published: the whole entry, or its changes
	base  base      // the entry that m builds on, unless m is all
}

func (d *draft) isWhole() bool { return d.m == d.all }

// draft chooses how an entry is written: whole if it is the first of its owner, if
// those since the last whole one take as much room as that, or if it has changed
// too much.
func (j *Journal) draft(e switchboard.Entry) (*draft, error) {
	all, err := encode(e)
	if err != nil {
		return nil, err
	}
	all.Subject = contactSubject(e.Contact.ID)
	d := &draft{entry: e, all: all, m: all}
	on := j.bases.get(e.Contact.ID)
	if !on.carries(e) {
		return d, nil
	}
	w, err := on.whole()
	if err != nil {
		return nil, fmt.Errorf("comparing the entry with entry %d: %w", on.record.seq, err)
	}
	changes, err := encodeOn(w, e, all)
	if err != nil {
		return nil, err
	}
	if 2*len(changes.Data) <= len(all.Data) {
		d.m, d.base = changes, on
	}
	return d, nil
}
