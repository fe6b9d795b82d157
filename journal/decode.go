package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"holdfast/call"
	"holdfast/switchboard"
)

// A message keeps an entry.
type message struct {
	subject string
	seq     uint64 // of the entry; in ARCHIVE, the one it had before
	base    uint64 // the sequence of the whole entry that it builds on; 0: it is whole
	data    []byte
}

// A whole has the parts of a whole entry that entries building on it need.
type whole struct {
	seq   uint64
	owner string
	epoch uint16
	step  uint64

	contact, legs json.RawMessage // nil: there are none
}

// text is the text that entries building on this one share with it.
func (w whole) text() []byte { return slices.Concat(w.contact, w.legs) }

// wholeIn is the whole of the entry in a message.
func wholeIn(m message) (whole, error) {
	var e struct {
		Version int             `json:"version"`
		Owner   string          `json:"owner"`
		Epoch   uint16          `json:"epoch"`
		Step    uint64          `json:"step"`
		Contact json.RawMessage `json:"contact"`
		Legs    json.RawMessage `json:"legs"`
	}
	if m.base != 0 {
		return whole{}, fmt.Errorf("it builds on entry %d itself", m.base)
	}
	err := unmarshal(m.data, &e, &e.Version)
	return whole{m.seq, e.Owner, e.Epoch, e.Step, e.Contact, e.Legs}, err
}

// A decoder reads entries. It remembers the latest whole entry of many contacts,
// on which those after it build; fetch finds another one. It is not for several
// goroutines.
type decoder struct {
	wholes recent[call.ContactID, found]
	fetch  func(subject string, seq uint64) (message, error)
}

// found is a whole entry, or why there is none.
type found struct {
	whole
	err error
}

// errNoEntry means that an entry is not there.
var errNoEntry = errors.New("it is missing")

// A fetchError is why an entry could not be looked for: it may be there.
type fetchError struct{ error }

func (e fetchError) Unwrap() error { return e.error }

// unfetched reports whether the entry may be read later: the lookup of the entry it
// builds on failed.
func unfetched(err error) bool {
	_, is := errors.AsType[fetchError](err)
	return is
}

// entry reads the entry that a message keeps. An error names its place.
func (d *decoder) entry(m message) (switchboard.Entry, error) {
	e, err := d.read(m)
	if err != nil {
		return switchboard.Entry{Seq: m.seq}, fmt.Errorf("reading entry %d of %s: %w", m.seq, m.subject, err)
	}
	e.Seq = m.seq
	return e, nil
}

func (d *decoder) read(m message) (switchboard.Entry, error) {
	if m.base != 0 {
		on, err := d.whole(m.subject, m.base)
		if err != nil {
			return switchboard.Entry{}, fmt.Errorf("it builds on entry %d: %w", m.base, err)
		}
		return decodeOn(on, m)
	}
	e, err := decodeWhole(m)
	if err == nil {
		w, err := wholeIn(m)
		d.wholes.put(contactOf(m.subject), found{w, err})
	}
	return e, err
}

// whole returns a whole entry that another one builds on.
func (d *decoder) whole(subject string, seq uint64) (whole, error) {
	id := contactOf(subject)
	if w, has := d.wholes.get(id); has && w.seq == seq {
		return w.whole, w.err
	}
	w := found{}
	m, err := d.fetch(subject, seq)
	if err != nil && !errors.Is(err, errNoEntry) {
		return whole{}, fetchError{err}
	}
	if err == nil && contactOf(m.subject) != id {
		err = fmt.Errorf("it is of %s", m.subject)
	}
	if err == nil {
		w.whole, err = wholeIn(m)
	}
	w.seq, w.err = seq, err
	d.wholes.put(id, w)
	return w.whole, w.err
}

// recentMost is how many values a recent remembers at least.
const recentMost = 1000

// A recent remembers the values used last, and no more than twice recentMost.
type recent[K comparable, V any] struct{ now, before map[K]V }

func (r *recent[K, V]) get(key K) (V, bool) {
	v, has := r.now[key]
	if !has {
		if v, has = r.before[key]; has {
			r.put(key, v)
		}
	}
	return v, has
}

func (r *recent[K, V]) put(key K, v V) {
	if r.now == nil || len(r.now) >= recentMost {
		r.now, r.before = map[K]V{}, r.now
	}
	r.now[key] = v
}
