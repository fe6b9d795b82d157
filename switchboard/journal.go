package switchboard

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"holdfast/call"
	"holdfast/notation"
)

// EntryVersion is the version of the entries that this code writes and reads.
// Until the first release it stays 1 whatever changes; from then on older
// entries stay readable.
const EntryVersion = 1

// An Entry is one transition of a contact as it is written down: everything needed
// to carry the contact on from here, and the events that led here.
type Entry struct {
	Version int    `json:"version"`
	Owner   string `json:"owner"` // the node that wrote it
	Epoch   uint16 `json:"epoch"` // counts the owners of this contact, from 1
	Step    uint64 `json:"step"`  // counts its transitions, from 1. An entry with its predecessor's step replaces it: that one was never acted on

	At       time.Time                       `json:"at"`
	Contact  call.Contact                    `json:"contact"`
	Legs     map[call.ConnectionID]LegMemory `json:"legs,omitempty"`     // also of those the contact has forgotten
	Events   notation.History                `json:"events,omitempty"`   // in order
	Notified []call.Notify                   `json:"notified,omitempty"` // the notices sent to agents
	Trace    []string                        `json:"trace,omitempty"`    // one per message on the wire since the last entry, and those about to be sent

	// Seq is the entry's place in the journal, from 1; zero before it is
	// written. It is not written.
	Seq uint64 `json:"-"`
}

// A LegMemory is a leg's memory with its kind: legs of different kinds remember
// different things.
type LegMemory struct {
	Kind   string          `json:"kind"`   // as Leg.Kind returns it
	Memory json.RawMessage `json:"memory"` // of Leg.Memory
	// Given is set for a line that another contact gets, until that one has written it
	// down.
	Given *Given `json:"given,omitempty"`
}

// Given is where a line has gone, and how it was when it went.
type Given struct {
	To       call.Place `json:"to"`
	Rang     bool       `json:"rang,omitempty"`
	Answered bool       `json:"answered,omitempty"`
	Holding  bool       `json:"holding,omitempty"` // the phone holds the call
}

// ErrFenced means that another server owns the contact now: stop, close its audio,
// and send nothing.
var ErrFenced = errors.New("another owner has taken the contact over")

// A Journal keeps the history of contacts. All methods may be called by any
// goroutine.
type Journal interface {
	// Exclusive reports whether only this process can write, for as long as
	// it has the journal open. If so, the last entries are true before any
	// of them has been claimed by another entry.
	Exclusive() bool
	// Append writes e provided that the contact's last entry is the one at
	// sequence after (0: it has none), and returns e's sequence. ErrFenced
	// means another owner has written. After any other error it is unknown
	// whether the entry was written: appending again for the same contact,
	// the same entry or another with the same step, with the same after,
	// settles it.
	Append(ctx context.Context, e Entry, after uint64) (uint64, error)
	// Live yields the last entry of every contact that has not been
	// archived, those with the oldest customers first. One that cannot be read
	// comes as an error with its Seq set; an error without a Seq means that
	// there may be others.
	Live(ctx context.Context) iter.Seq2[Entry, error]
	// Archive moves everything of a contact that is over out of the way of
	// the living. History still finds it. ErrUnavailable means that the archive is
	// not open yet, and does not wait for it.
	Archive(ctx context.Context, id call.ContactID) error
	// History yields all entries of a contact, oldest first.
	History(ctx context.Context, id call.ContactID) iter.Seq2[Entry, error]
	// Follow yields every entry of every contact after sequence after, and
	// goes on as entries are written until ctx ends. A reader that is too
	// slow gets an error and may follow again from the last sequence it saw.
	Follow(ctx context.Context, after uint64) iter.Seq2[Entry, error]
	// Last is the sequence of the last entry of all contacts, 0 before the
	// first: a follower from there on gets only new ones.
	Last(ctx context.Context) (uint64, error)
}
