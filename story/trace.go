package story

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Trace writes a contact for a person to read: each event with its time, the
// messages on the wire, the notices sent to agents, and the state of all
// parties afterwards. Times are local to place.
func Trace(w io.Writer, moments []Moment, place *time.Location) error {
	names, longest := Names{}, 0
	for _, who := range columns(moments) {
		longest = max(longest, utf8.RuneCountInString(who))
	}
	for _, m := range moments {
		names.Meet(m.Contact)
		happened := names.Happened(m)
		for _, line := range happened {
			fmt.Fprintf(w, "%s  %s\n", clock(m.At, place), line)
		}
		for _, sent := range names.messages(m) {
			fmt.Fprintf(w, "%s      %-*s %s %s\n", clock(sent.At, place), longest, sent.Party, arrow(sent), sent.What)
		}
		for _, t := range m.Notified {
			fmt.Fprintf(w, "%14snotice to %s: %s\n", "", names[t.Connection], t.Text)
		}
		if len(happened) == 0 {
			continue
		}
		if _, err := fmt.Fprintf(w, "%14s= %s\n", "", names.State(m.Contact)); err != nil {
			return err
		}
	}
	return nil
}

func clock(at time.Time, place *time.Location) string { return at.In(place).Format("15:04:05.000") }

// arrow points from the party to us or back.
func arrow(m Message) string {
	if m.Out {
		return "<-"
	}
	return "->"
}

// us is this server's name among the parties.
const us = "holdfast"

// Mermaid draws a contact as a sequence diagram that Mermaid understands: the
// messages on the wire, and the events as notes above all columns.
func Mermaid(moments []Moment) string {
	b := &strings.Builder{}
	fmt.Fprintln(b, "sequenceDiagram")
	everybody := columns(moments)
	for i, who := range everybody {
		fmt.Fprintf(b, "    participant p%d as %s\n", i, harmless(who))
	}
	number := map[string]int{}
	for i, who := range everybody {
		number[who] = i
	}
	names := Names{}
	for _, m := range moments {
		names.Meet(m.Contact)
		for _, line := range names.Happened(m) {
			fmt.Fprintf(b, "    Note over p0,p%d: %s\n", len(everybody)-1, harmless(line))
		}
		for _, sent := range names.messages(m) {
			from, to, line := number[sent.Party], number[us], "->>"
			if sent.Out {
				from, to = to, from
			}
			if sent.Answer() {
				line = "-->>"
			}
			fmt.Fprintf(b, "    p%d%sp%d: %s\n", from, line, to, harmless(sent.What))
		}
	}
	return b.String()
}

// harmless is a text without the characters that mean something to Mermaid.
func harmless(s string) string {
	return strings.NewReplacer("#", "#35;", ";", "#59;", ":", "#58;").Replace(s)
}

// columns are the parties on the wire in the order in which they came, and
// the server behind the first.
func columns(moments []Moment) []string {
	var all []string
	seen := map[string]bool{}
	names := Names{}
	for _, m := range moments {
		names.Meet(m.Contact)
		for _, sent := range names.messages(m) {
			if !seen[sent.Party] {
				seen[sent.Party] = true
				all = append(all, sent.Party)
			}
		}
	}
	first := min(1, len(all))
	return append(append(append([]string{}, all[:first]...), us), all[first:]...)
}
