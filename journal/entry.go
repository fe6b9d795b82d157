package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"holdfast/call"
	"holdfast/switchboard"
)

// What can be known of an entry without reading it.
const (
	headerOwner = "Holdfast-Owner"
	headerEpoch = "Holdfast-Epoch"
	headerStep  = "Holdfast-Step"

	headerSeq   = "Holdfast-Seq"         // in ARCHIVE: the entry's sequence
	headerUntil = "Holdfast-Archived-At" // in ARCHIVE: the last sequence in CONTACTS at that time
)

// encode is the entry as the message that keeps it, without its subject.
func encode(e switchboard.Entry) (*nats.Msg, error) {
	if err := checkToken("owner", e.Owner); err != nil {
		return nil, err
	}
	e.Version = switchboard.EntryVersion
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("writing the entry: %w", err)
	}
	return &nats.Msg{Data: data, Header: nats.Header{
		headerOwner: {e.Owner},
		headerEpoch: {strconv.FormatUint(uint64(e.Epoch), 10)},
		headerStep:  {strconv.FormatUint(e.Step, 10)},
	}}, nil
}

// decode reads the entry that was kept under subject at seq.
func decode(subject string, seq uint64, data []byte) (switchboard.Entry, error) {
	e, err := decodeFrom(subject, data)
	if err != nil {
		return switchboard.Entry{Seq: seq}, fmt.Errorf("reading entry %d of %s: %w", seq, subject, err)
	}
	e.Seq = seq
	return e, nil
}

func decodeFrom(subject string, data []byte) (switchboard.Entry, error) {
	e, err := decodeData(data)
	if err == nil && e.Contact.ID != contactOf(subject) {
		err = fmt.Errorf("it is about contact %q", e.Contact.ID)
	}
	return e, err
}

func decodeData(data []byte) (e switchboard.Entry, err error) {
	var v struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return e, err
	}
	switch {
	case v.Version < 1:
		return e, errors.New("it has no version")
	case v.Version > switchboard.EntryVersion:
		return e, fmt.Errorf("a newer Holdfast wrote it (version %d, this one reads up to %d)", v.Version, switchboard.EntryVersion)
	}
	err = json.Unmarshal(data, &e)
	return e, err
}

// sameTransition reports whether two messages are from the same owner in the
// same epoch, and if so, whether they are about the same step.
func sameTransition(a, b nats.Header) (owner, step bool) {
	owner = a.Get(headerOwner) == b.Get(headerOwner) && a.Get(headerEpoch) == b.Get(headerEpoch)
	return owner, owner && a.Get(headerStep) == b.Get(headerStep)
}

func contactSubject(id call.ContactID) string { return "contact." + string(id) }
func archiveSubject(id call.ContactID) string { return "archive." + string(id) }

// contactOf is the contact that is kept under a subject.
func contactOf(subject string) call.ContactID {
	_, id, _ := strings.Cut(subject, ".")
	return call.ContactID(id)
}

// named says in plain words what a subject is about.
func named(subject string) string {
	kind, id, _ := strings.Cut(subject, ".")
	switch kind {
	case "archive":
		return "archived contact " + id
	case "routing":
		if name, err := itemName(subject); err == nil {
			item, _, _ := strings.Cut(id, ".")
			return item + " " + name
		}
	}
	return kind + " " + id
}

// checkToken makes sure that s can be one token of a NATS subject.
func checkToken(what, s string) error {
	if s == "" {
		return fmt.Errorf("the %s is empty", what)
	}
	for _, r := range s {
		if r <= ' ' || r == 0x7f || r == '.' || r == '*' || r == '>' {
			return fmt.Errorf("the %s %q contains %q; it may not contain spaces, dots, * or >", what, s, r)
		}
	}
	return nil
}
