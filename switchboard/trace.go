package switchboard

import (
	"strings"
	"time"
)

const (
	// traceMost is how many lines are kept between two entries.
	traceMost = 1000
	// lineMost is how many bytes a line has.
	lineMost = 250
)

// note keeps one line of the trace.
func (d *desk) note(at time.Time, line string) {
	switch {
	case line == "":
	case len(d.trace) < traceMost:
		d.trace = append(d.trace, stamp(at, line))
	case len(d.trace) == traceMost:
		d.trace = append(d.trace, stamp(at, "(further lines are left out)"))
	}
}

// stamp is a line with its time, in UTC. Of a line that is too long the end is left
// out.
func stamp(at time.Time, line string) string {
	if len(line) > lineMost {
		line = strings.ToValidUTF8(line[:lineMost], "") + "…"
	}
	return at.Format("15:04:05.000 ") + line
}
