package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// An edit turns one JSON value into another. It is itself JSON:
//
//	[value]                the value is this one now
//	[]                     the value has gone: a member of an object, or the end of a list
//	{"name":edit, ...}     these members of the object, or these values of the
//	                       list by their index, have changed
type edit = json.RawMessage

var gone = edit("[]")

// editBetween returns the edit that turns before into after, nil if they are the
// same. It is never longer than after in brackets.
func editBetween(before, after json.RawMessage) (edit, error) {
	if bytes.Equal(before, after) {
		return nil, nil
	}
	whole := slices.Concat([]byte("["), after, []byte("]"))
	a, kind, err := membersOf(before)
	if err != nil {
		return nil, err
	}
	b, kindAfter, err := membersOf(after)
	if err != nil {
		return nil, err
	}
	if kind != kindAfter || kind == 0 {
		return whole, nil
	}
	inner, err := editsBetween(a, b)
	if err != nil || len(inner) == 0 {
		return nil, err
	}
	e, err := together(inner, '{')
	if err == nil && len(e) > len(whole) {
		e = whole
	}
	return e, err
}

// editsBetween returns the edit of each member that is not the same.
func editsBetween(before, after map[string]json.RawMessage) (map[string]edit, error) {
	all := map[string]edit{}
	for name := range before {
		if _, stays := after[name]; !stays {
			all[name] = gone
		}
	}
	for name, value := range after {
		old, had := before[name]
		if !had {
			all[name] = slices.Concat([]byte("["), value, []byte("]"))
			continue
		}
		e, err := editBetween(old, value)
		if err != nil {
			return nil, err
		}
		if e != nil {
			all[name] = e
		}
	}
	return all, nil
}

// apply returns a value after an edit. Before and after it, nil means that there is none.
func apply(e edit, value json.RawMessage) (json.RawMessage, error) {
	if kindOf(e) != '{' {
		var now []json.RawMessage
		if err := json.Unmarshal(e, &now); err != nil {
			return nil, err
		}
		switch {
		case len(now) == 1:
			return now[0], nil
		case len(now) > 1:
			return nil, errors.New("it becomes several values")
		case value == nil:
			return nil, errors.New("it goes, and was not there")
		}
		return nil, nil
	}
	members, kind, err := membersOf(value)
	if err != nil {
		return nil, err
	}
	if kind == 0 {
		return nil, errors.New("something in it changes, and it holds nothing")
	}
	edits, _, err := membersOf(e)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		now, err := apply(edits[name], members[name])
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		case now == nil:
			delete(members, name)
		default:
			members[name] = now
		}
	}
	return together(members, kind)
}

// kindOf returns the first character of a value, by which objects and lists are
// known.
func kindOf(value json.RawMessage) byte {
	if trimmed := bytes.TrimLeft(value, " \t\r\n"); len(trimmed) > 0 {
		return trimmed[0]
	}
	return 0
}

// membersOf takes an object or a list apart, the list by its indexes. The kind is
// '{' or '['; of any other value it is 0.
func membersOf(value json.RawMessage) (members map[string]json.RawMessage, kind byte, err error) {
	switch kind = kindOf(value); kind {
	case '{':
		err = json.Unmarshal(value, &members)
	case '[':
		var list []json.RawMessage
		err = json.Unmarshal(value, &list)
		members = make(map[string]json.RawMessage, len(list))
		for i, v := range list {
			members[strconv.Itoa(i)] = v
		}
	default:
		return nil, 0, nil
	}
	return members, kind, err
}

// together is the opposite of membersOf. It does not look into the members again,
// as package json would.
func together(members map[string]json.RawMessage, kind byte) (json.RawMessage, error) {
	whole := []byte{kind}
	if kind == '{' {
		for i, name := range slices.Sorted(maps.Keys(members)) {
			if i > 0 {
				whole = append(whole, ',')
			}
			quoted, err := json.Marshal(name)
			if err != nil {
				return nil, err
			}
			whole = append(append(append(whole, quoted...), ':'), members[name]...)
		}
		return append(whole, '}'), nil
	}
	for i := range len(members) {
		v, has := members[strconv.Itoa(i)]
		if !has {
			return nil, fmt.Errorf("of %d values, the one at %d is missing", len(members), i)
		}
		if i > 0 {
			whole = append(whole, ',')
		}
		whole = append(whole, v...)
	}
	return append(whole, ']'), nil
}
