package journal

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nats-io/nats.go"

	"holdfast/call"
	"holdfast/switchboard"
)

// The headers, from which something is known of an entry without reading it.
const (
	headerOwner = "Holdfast-Owner"
	headerEpoch = "Holdfast-Epoch"
	headerStep  = "Holdfast-Step"
	headerBase  = "Holdfast-Base" // the sequence of the whole entry that it builds on; none: it is whole

	headerSeq   = "Holdfast-Seq"         // in ARCHIVE: the entry's sequence
	headerAgain = "Holdfast-Again"       // in ARCHIVE: the entry is there before, too
	headerUntil = "Holdfast-Archived-At" // in ARCHIVE: the last sequence in CONTACTS at that time
)

// A partial is the stored form of an entry that builds on a whole one: in place of
// the contact and its legs it has how they differ from those of the whole entry,
// with which it is deflated.
type partial struct {
	switchboard.Entry
	Contact *struct{} `json:"contact,omitempty"` // is not written
	Legs    *struct{} `json:"legs,omitempty"`    // is not written

	Base    uint64 `json:"base"` // the sequence of the whole entry
	Changes struct {
		Contact edit `json:"contact,omitempty"`
		Legs    edit `json:"legs,omitempty"`
	} `json:"changes"`
}

// encode is the entry as the message that keeps all of it, without its subject.
func encode(e switchboard.Entry) (*nats.Msg, error) {
	if err := checkToken("owner", e.Owner); err != nil {
		return nil, err
	}
	e.Version = switchboard.EntryVersion
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("writing the entry: %w", err)
	}
	return &nats.Msg{Data: data, Header: headerOf(e)}, nil
}

// encodeOn returns the entry as the message that keeps its changes since a whole
// one. The caller also passes the message that keeps all of it.
func encodeOn(base whole, e switchboard.Entry, all *nats.Msg) (*nats.Msg, error) {
	now, err := wholeIn(message{data: all.Data})
	if err != nil {
		return nil, fmt.Errorf("writing the entry: %w", err)
	}
	p := partial{Entry: e, Base: base.seq}
	p.Version = switchboard.EntryVersion
	if p.Changes.Contact, err = editBetween(base.contact, now.contact); err == nil {
		p.Changes.Legs, err = editBetween(base.legs, now.legs)
	}
	if err != nil {
		return nil, fmt.Errorf("comparing the entry with entry %d: %w", base.seq, err)
	}
	data, err := json.Marshal(p)
	if err == nil {
		data, err = deflate(data, base.text())
	}
	if err != nil {
		return nil, fmt.Errorf("writing the entry: %w", err)
	}
	m := &nats.Msg{Subject: all.Subject, Data: data, Header: headerOf(e)}
	m.Header.Set(headerBase, strconv.FormatUint(base.seq, 10))
	return m, nil
}

func headerOf(e switchboard.Entry) nats.Header {
	return nats.Header{
		headerOwner: {e.Owner},
		headerEpoch: {strconv.FormatUint(uint64(e.Epoch), 10)},
		headerStep:  {strconv.FormatUint(e.Step, 10)},
	}
}

// decodeWhole reads an entry of which the message keeps everything.
func decodeWhole(m message) (e switchboard.Entry, err error) {
	if m.base != 0 {
		return e, fmt.Errorf("it builds on entry %d itself", m.base)
	}
	if err := unmarshal(m.data, &e, &e.Version); err != nil {
		return e, err
	}
	return e, checkContact(e, m)
}

// decodeOn reads an entry that builds on a whole one.
func decodeOn(base whole, m message) (e switchboard.Entry, err error) {
	data, err := inflate(m.data, base.text())
	if err != nil {
		return e, err
	}
	var p partial
	if err := unmarshal(data, &p, &p.Version); err != nil {
		return e, err
	}
	if p.Base != base.seq || p.Owner != base.owner || p.Epoch != base.epoch || p.Step <= base.step {
		return e, fmt.Errorf("step %d of epoch %d, written by %q on entry %d, cannot build on entry %d: that is step %d of epoch %d, written by %q",
			p.Step, p.Epoch, p.Owner, p.Base, base.seq, base.step, base.epoch, base.owner)
	}
	e = p.Entry
	if err = changed(p.Changes.Contact, base.contact, &e.Contact); err == nil {
		err = changed(p.Changes.Legs, base.legs, &e.Legs)
	}
	if err != nil {
		return e, fmt.Errorf("changing entry %d: %w", base.seq, err)
	}
	return e, checkContact(e, m)
}

// changed reads a value, if there is one, after an edit, if there is one.
func changed(e edit, value json.RawMessage, into any) (err error) {
	if e != nil {
		value, err = apply(e, value)
	}
	if err != nil || value == nil {
		return err
	}
	return json.Unmarshal(value, into)
}

// unmarshal reads data of which version is a part, and makes sure that we can.
func unmarshal(data []byte, into any, version *int) error {
	err := json.Unmarshal(data, into)
	if err != nil || *version < 1 || *version > switchboard.EntryVersion {
		err = cmp.Or(checkVersion(data), err)
	}
	return err
}

func checkVersion(data []byte) error {
	var v struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	switch {
	case v.Version < 1:
		return errors.New("it has no version")
	case v.Version > switchboard.EntryVersion:
		return fmt.Errorf("a newer Holdfast wrote it (version %d, this one reads up to %d)", v.Version, switchboard.EntryVersion)
	}
	return nil
}

func checkContact(e switchboard.Entry, m message) error {
	if e.Contact.ID != contactOf(m.subject) {
		return fmt.Errorf("it is about contact %q", e.Contact.ID)
	}
	return nil
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

// named names, in plain words, the thing that a subject is about. The subject may
// be that of a damaged record: characters that cannot be printed become question
// marks.
func named(subject string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, about(subject))
}

func about(subject string) string {
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
