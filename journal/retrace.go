package journal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/call"
	"holdfast/notation"
	"holdfast/switchboard"
)

// steadyClock is how much a time on hold may be off. It is measured by a clock
// that is never set; the times that are written down are not.
const steadyClock = time.Second

// retrace applies an entry's events to the contact before it, and describes
// how the result differs from the contact in the entry.
func retrace(c call.Contact, e switchboard.Entry) (wrong []string) {
	defer func() {
		if p := recover(); p != nil { // the contact before is none that can be
			wrong = []string{fmt.Sprintf("its events cannot be taken in: %v", p)}
		}
	}()
	for _, r := range e.Events {
		var err error
		if c, _, err = call.Step(c, r.At, r.Event); err != nil {
			return []string{fmt.Sprintf("%s would have been refused: %s", notation.EventName(r.Event), err)}
		}
	}
	if time.Duration(c.OnHold-e.Contact.OnHold).Abs() < steadyClock {
		c.OnHold = e.Contact.OnHold
	}
	if d := difference(c, e.Contact); d != "" {
		return []string{"its events give " + d}
	}
	return nil
}

// difference is the first place in which two contacts differ, as JSON.
func difference(replayed, written call.Contact) string {
	a, err := json.Marshal(replayed)
	if err != nil {
		return err.Error()
	}
	b, err := json.Marshal(written)
	if err != nil {
		return err.Error()
	}
	if bytes.Equal(a, b) {
		return ""
	}
	first, second := leaves(a), leaves(b)
	places := maps.Clone(first)
	maps.Copy(places, second)
	for _, place := range slices.Sorted(maps.Keys(places)) {
		if first[place] != second[place] {
			return fmt.Sprintf("%s %s, but written is %s", place, cmp.Or(first[place], "nothing"), cmp.Or(second[place], "nothing"))
		}
	}
	return ""
}

// leaves are the values in JSON that have no others in them, by their place.
func leaves(data []byte) map[string]string {
	into := map[string]string{}
	var visit func(place string, data json.RawMessage)
	visit = func(place string, data json.RawMessage) {
		var object map[string]json.RawMessage
		var list []json.RawMessage
		switch {
		case json.Unmarshal(data, &object) == nil && len(object) > 0:
			for name, value := range object {
				visit(strings.TrimPrefix(place+"."+name, "."), value)
			}
		case json.Unmarshal(data, &list) == nil && len(list) > 0:
			for i, value := range list {
				visit(fmt.Sprintf("%s[%d]", place, i), value)
			}
		default:
			into[place] = string(data)
		}
	}
	visit("", data)
	return into
}
