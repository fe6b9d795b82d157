package call_test

import (
	"fmt"
	"reflect"

	"holdfast/call"
)

// placeIsKept: an agent's new line has the place that the old one had, in the contact and
// in its transfers, and the old one ends; if it rang, the agent has answered. Where nothing
// can be gone on with, nothing changes.
func placeIsKept(m move) string {
	ev, ok := m.ev.(call.Replaced)
	if !ok {
		return ""
	}
	was, is := find(m.before.c, ev.Connection), find(m.after.c, m.before.c.LastConnection+1)
	if is == nil {
		if len(m.commands) > 0 || !reflect.DeepEqual(m.before.c, m.after.c) {
			return "a line that was not replaced has changed the contact"
		}
		return ""
	}
	moved := func(id call.ConnectionID) call.ConnectionID {
		if id == was.ID {
			return is.ID
		}
		return id
	}
	switch {
	case was.Endpoint != ev.Agent || is.Endpoint != was.Endpoint || is.Party != was.Party || is.Muted != was.Muted || is.Prompt != was.Prompt && was.State == call.Screening:
		return fmt.Sprintf("%+v has become %+v", *was, *is)
	case is.State == call.Connecting, was.State != call.Connecting && was.State != call.Away && is.State != was.State:
		return fmt.Sprintf("who was %s is %s", was.State, is.State)
	case find(m.after.c, was.ID) != nil || !m.drops(was.ID):
		return "the old line goes on"
	}
	before, after := m.before.c.Transfer, m.after.c.Transfer
	if before == nil || after == nil {
		return ""
	}
	if after.By != moved(before.By) || after.Reported != before.Reported {
		return "the transfer is another line's"
	}
	for i := range before.Attempts {
		if before.Attempts[i].Ended.IsZero() && after.Attempts[i].Connection != moved(before.Attempts[i].Connection) {
			return "an attempt is another line's"
		}
	}
	return ""
}
