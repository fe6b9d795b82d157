package call_test

import (
	"fmt"
	"slices"

	"holdfast/call"
)

// endIsReported: the line on which a transfer was asked for gets one report of its end,
// which tells the truth and comes before the line is dropped, and one report that a target
// rings, if one does.
func endIsReported(m move) string {
	want := m.reports()
	var got []call.Report
	for _, c := range m.commands {
		switch c := c.(type) {
		case call.Report:
			got = append(got, c)
		case call.Drop:
			if slices.ContainsFunc(want[min(len(got), len(want)):], func(r call.Report) bool { return r.Connection == c.Connection }) {
				return fmt.Sprintf("connection %d is dropped before its report", c.Connection)
			}
		default:
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Sprintf("%v is reported, want %v", got, want)
	}
	return ""
}

// reports are those that a move has to make.
func (m move) reports() (want []call.Report) {
	t := m.before.c.Transfer
	if t == nil || t.Reported == 0 {
		return nil
	}
	ended := len(m.after.c.Past) > len(m.before.c.Past)
	r := call.Report{Connection: t.Reported, Transfer: t.ID}
	switch {
	case ended && m.after.c.Past[len(m.before.c.Past)].Outcome == call.Completed:
		r.Progress = call.TransferComplete
	case ended:
		r.Progress, r.Reason = call.TransferIsOver, m.after.c.Past[len(m.before.c.Past)].Reason
	case hasRung(m.after.c.Transfer) && !hasRung(t):
		r.Progress = call.TargetRings
	default:
		return nil
	}
	return []call.Report{r}
}

func hasRung(t *call.Transfer) bool {
	return slices.ContainsFunc(t.Attempts, func(a call.Attempt) bool { return !a.Rang.IsZero() })
}
