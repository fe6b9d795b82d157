package call_test

import (
	"slices"

	"holdfast/call"
)

// partiesAreIntroduced: a customer who gets somebody else to talk to, by a hand-over or
// when an agent comes back to them, is shown who that is; nobody else is shown anything,
// but a target who saw the agent calling.
func partiesAreIntroduced(m move) string {
	var want, got []call.Introduce
	c := m.after.c
	past := len(m.before.c.Past)
	switch {
	case len(c.Past) > past && c.Past[past].Outcome == call.Completed:
		target := find(c, m.after.tookOver())
		want = append(want, call.Introduce{Connection: customerOf(c), Party: target.Endpoint})
		if c.Past[past].Consulted != (call.Place{}) {
			want = append(want, call.Introduce{Connection: target.ID, Party: c.Customer})
		}
	case m.before.c.Stage == call.Returning && c.Stage == call.Talking:
		i := slices.IndexFunc(c.Connections, func(x call.Connection) bool { return x.Party == call.Agent })
		want = append(want, call.Introduce{Connection: customerOf(c), Party: c.Connections[i].Endpoint})
	}
	for _, c := range m.commands {
		if shown, ok := c.(call.Introduce); ok {
			got = append(got, shown)
		}
	}
	if !slices.Equal(got, want) {
		return "a party does not see who they talk to"
	}
	return ""
}
