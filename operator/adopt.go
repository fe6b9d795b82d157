package operator

import (
	"time"

	"holdfast/call"
)

// adopt carries on the state that a page saved before it was reloaded. It reports false
// and changes nothing if that cannot be read. A contact that is known already is not
// adopted again.
func (c *contact) adopt(saved any) bool {
	if saved == nil || c.call.Stage != "" {
		return true
	}
	m, ok := saved.(map[string]any)
	if !ok {
		return false
	}
	again := contact{id: c.id, now: c.now, view: c.view, gone: c.gone, out: c.out}
	if !again.replay(fields(m)) || !again.recall(fields(m)) {
		return false
	}
	*c = again
	c.saved = m
	// Lines that are not shown may appear a moment later, and a target may have
	// answered while no page was there.
	if c.call.Transfer != nil {
		c.feed(call.Recovered{})
	}
	return true
}

// replay gives package call all events again.
func (c *contact) replay(m fields) bool {
	list, ok := m["events"].([]any)
	if n, isNumber := m.whole("version", version, version); !ok || !isNumber || n != version || len(list) == 0 || len(list) > eventsMost {
		return false
	}
	now := c.now
	defer func() { c.now = now }()
	c.call.ID = call.ContactID(c.id)
	for _, one := range list {
		parts, isList := one.([]any)
		if !isList {
			return false
		}
		p := newParts(parts)
		at, ev := p.event()
		if p.bad {
			return false
		}
		c.now = at
		if c.step(ev) != nil {
			return false
		}
	}
	return c.call.Stage != ""
}

// recall takes the saved fields that are not in the events.
func (c *contact) recall(m fields) bool {
	ok := true
	text := func(name string) string {
		s, isText := m.text(name)
		ok = ok && isText
		return s
	}
	truth := func(name string) bool {
		b, isTruth := m.truth(name)
		ok = ok && isTruth
		return b
	}
	number := func(name string) int {
		n, isNumber := m.whole(name, 0, 1<<31)
		ok = ok && isNumber
		return int(n)
	}
	c.customer, c.agent = line{id: text("customer")}, line{id: text("agent")}
	c.by, c.added, c.commands = call.ConnectionID(number("by")), call.ConnectionID(number("added")), number("commands")
	c.confirmed, c.reported = call.ConnectionID(number("confirmed")), number("reported")
	c.conferenced, c.assume, c.unproven = truth("conferenced"), truth("assume"), truth("unproven")
	c.released, c.restore, c.lost = truth("released"), truth("restore"), truth("lost")
	if c.reported > len(c.call.Past) {
		return false
	}
	return ok && c.recallLists(m) && c.recallCommand(m["command"]) && c.fits()
}

// fits reports whether the recalled fields can follow from the events. The stored data
// may be damaged.
func (c *contact) fits() bool {
	switch {
	case c.last() == nil:
		return c.in(c.by) != nil && !c.restore && c.command == nil
	case c.call.Stage == call.Joining:
		return c.legOf(c.attempt().Connection) != nil
	}
	return true
}

func (c *contact) recallLists(m fields) bool {
	return each(m["legs"], func(p *parts) {
		c.legs = append(c.legs, leg{connection: p.connection(), line: line{id: p.text()}})
	}) && each(m["adds"], func(p *parts) {
		a := add{connection: p.connection(), until: p.time()}
		a.target = p.endpoint()
		c.adds = append(c.adds, a)
	}) && each(m["tries"], func(p *parts) {
		c.tries = append(c.tries, try{verb: p.text(), line: p.text(), count: p.number(), text: p.long()})
	})
}

// recallCommand takes the command that was outstanding. Its answer went to the page
// that is gone, so only its effect or its deadline ends it.
func (c *contact) recallCommand(saved any) bool {
	if saved == nil {
		return true
	}
	members, ok := saved.(map[string]any)
	m := fields(members)
	n, okN := m.whole("n", 0, 1<<31)
	verb, okVerb := m.text("verb")
	id, okID := m.text("line")
	connection, okConnection := m.whole("connection", 0, 1<<31)
	deadline, okDeadline := m.whole("deadline", 0, latest)
	target, okTarget := m["target"].(map[string]any)
	if !ok || !okN || !okVerb || !okID || !okConnection || !okDeadline || !okTarget {
		return false
	}
	switch verb {
	case "hold", "resume", "drop", "conference":
	case "add":
		if _, isEndpoint := fields(target).endpoint(); !isEndpoint || connection == 0 {
			return false
		}
	default:
		return false
	}
	e, _ := fields(target).endpoint()
	c.command = &command{
		n: int(n), verb: verb, line: id, connection: call.ConnectionID(connection), target: e,
		deadline: time.UnixMilli(deadline).UTC(), sent: true,
	}
	return true
}

// each calls a function with the parts of each list in a list.
func each(list any, take func(*parts)) bool {
	all, ok := list.([]any)
	if !ok && list != nil || len(all) > eventsMost {
		return false
	}
	for _, one := range all {
		values, isList := one.([]any)
		p := newParts(values)
		take(p)
		if !isList || p.bad {
			return false
		}
	}
	return true
}
