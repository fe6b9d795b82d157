package operator

import (
	"slices"

	"holdfast/call"
)

// An Operator runs the transfers of one page. The zero value has none.
type Operator struct {
	contacts []*contact
}

// Take takes a message of the page and returns the messages for the page, in
// order. A message that cannot be used changes nothing and is answered with
// "refused". Values that are returned are the page's.
func (o *Operator) Take(message any) []map[string]any {
	m, ok := message.(map[string]any)
	if !ok {
		return refused("", badParameter, "a message must be an object")
	}
	f := fields(m)
	kind, _ := f.text("type")
	id, ok := f.text("contactId")
	if !ok || id == "" {
		return refused("", badParameter, "contactId must be a text")
	}
	if kind == "forget" {
		o.forget(id)
		return nil
	}
	at, ok := f.at()
	if !ok {
		return refused(id, badParameter, "at must be a time in milliseconds")
	}
	c := o.contact(id)
	c.begin(at)
	if code, text := o.take(c, kind, f); code != "" {
		c.post(refused(id, code, text)...)
	}
	if c.over() {
		o.forget(id)
		c.forgotten()
	}
	return c.posted()
}

// take carries out one message, or returns why it is refused.
func (o *Operator) take(c *contact, kind string, f fields) (code call.Code, text string) {
	switch kind {
	case "see":
		view, ok := f.snapshot()
		if !ok {
			return badParameter, "the snapshot cannot be read"
		}
		c.see(view)
	case "start":
		r, fault := f.request()
		if fault != "" {
			return badParameter, fault + " cannot be used"
		}
		code, text = c.start(r)
	case "cancel":
		code, text = c.cancel()
	case "complete":
		code, text = c.complete()
	case "confirm":
		code, text = c.confirm()
	case "answer":
		n, ok := f.whole("n", 0, 1<<52)
		answer, isText := f["error"].(string)
		if !ok || !isText && f["error"] != nil {
			return badParameter, "the answer cannot be read"
		}
		c.answer(int(n), answer, isText)
	case "wake":
	case "adopt":
		view, ok := f.snapshot()
		if !ok {
			return badParameter, "the snapshot cannot be read"
		}
		if !c.adopt(f["saved"]) {
			code, text = badParameter, "the saved state cannot be read"
		}
		c.see(view)
	default:
		return badParameter, "the type of the message is not known"
	}
	c.turn()
	return code, text
}

// contact returns the contact with that id, a new one if it is not known.
func (o *Operator) contact(id string) *contact {
	for _, c := range o.contacts {
		if c.id == id {
			return c
		}
	}
	c := &contact{id: id}
	o.contacts = append(o.contacts, c)
	return c
}

func (o *Operator) forget(id string) {
	o.contacts = slices.DeleteFunc(o.contacts, func(c *contact) bool { return c.id == id })
}

// Codes of refusals that are not package call's; docs/REFUSALS.md lists them.
const (
	badParameter  call.Code = "bad-parameter"
	noSuchContact call.Code = "no-such-contact"
)

func refused(id string, code call.Code, text string) []map[string]any {
	return []map[string]any{{"type": "refused", "contactId": id, "code": string(code), "text": text}}
}
