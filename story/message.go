package story

import (
	"strings"
	"time"

	"holdfast/call"
)

// A Message is a message on the wire, read from its line in the journal.
type Message struct {
	At    time.Time
	Out   bool   // from us to the party
	What  string // such as "180 Ringing (INVITE)"
	Party string // as Names has them, or else as the line does
}

// Answer reports whether the message answers another one.
func (m Message) Answer() bool { return m.What != "" && m.What[0] >= '1' && m.What[0] <= '9' }

// messages parses a moment's lines. A line has only the time of day, in UTC;
// its date is the one nearest the moment.
func (n Names) messages(m Moment) []Message {
	var all []Message
	for _, line := range m.Trace {
		stamp, rest, _ := strings.Cut(line, " ")
		arrow, rest, _ := strings.Cut(rest, " ")
		at, err := time.Parse("15:04:05.000", stamp)
		if err != nil || arrow != "->" && arrow != "<-" {
			continue
		}
		what, party := split(rest)
		all = append(all, Message{At: near(m.At, at), Out: arrow == "->", What: what, Party: n.known(m.Contact, party)})
	}
	return all
}

// split returns the kind of a message, and the party it is to or from.
func split(s string) (what, party string) {
	if before, after, ok := strings.Cut(s, ") "); ok {
		return before + ")", after
	}
	if party, ok := strings.CutPrefix(s, "ICMP unreachable "); ok {
		return "unreachable", party
	}
	what, party, _ = strings.Cut(s, " ")
	return what, party
}

// near is the time of day that is nearest to a moment.
func near(moment, ofDay time.Time) time.Time {
	const day = 24 * time.Hour
	moment = moment.UTC()
	at := moment.Truncate(day).Add(ofDay.Sub(ofDay.Truncate(day)))
	return at.Add(moment.Sub(at).Round(day))
}

// known is the name in the story of a party on a line.
func (n Names) known(c call.Contact, party string) string {
	for _, x := range c.Connections {
		if x.Endpoint.String() == party {
			return n[x.ID]
		}
	}
	if party == c.Customer.String() {
		return "customer"
	}
	return strings.ReplaceAll(party, " ", "-")
}
