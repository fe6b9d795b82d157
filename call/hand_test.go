package call_test

import (
	"slices"

	"holdfast/call"
)

// gives says that a party's line goes to another contact.
func (m move) gives(id call.ConnectionID) bool {
	return slices.ContainsFunc(m.commands, func(c call.Command) bool {
		give, ok := c.(call.Give)
		return ok && give.Connection == id
	})
}

// linesGoWhole: a line comes from another contact only for a target who was called there,
// and is not dialled; one goes to another contact only if the agent asks whose call with
// nobody else it is, and then the contact is over.
func linesGoWhole(m move) string {
	for _, c := range m.commands {
		switch c := c.(type) {
		case call.Take:
			t := m.after.c.Transfer
			if t == nil || t.Consulted != c.From || len(t.Attempts) != 1 || t.Attempts[0].Connection != c.Connection {
				return "a line is taken that was not asked for"
			}
		case call.Dial:
			if t := m.after.c.Transfer; t != nil && t.Consulted != (call.Place{}) && c.Party == call.Target {
				return "a target is dialled who is on the line already"
			}
		case call.Give:
			ask, asks := m.ev.(call.GiveRequested)
			who := find(m.before.c, ask.By)
			if !asks || len(m.before.c.Connections) != 2 || who.Party != call.Agent || who.Endpoint != ask.Agent {
				return "a line is given that is not the agent's to give"
			}
			if m.after.c.Stage != call.Over || m.after.c.EndReason != call.Transferred {
				return "a contact without its customer goes on"
			}
		default:
		}
	}
	if take, taking := m.after.c.Taking(); taking && !m.after.lines[take.Connection] {
		return "a line is taken for nobody"
	}
	return ""
}
