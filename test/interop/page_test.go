package interop

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"holdfast/call"
)

var writePhones = flag.Bool("phones", false, "write docs/PHONES.md from what is played")

const page = "../../docs/PHONES.md"

// A row is what was seen of a cell.
type row struct {
	ended   string // where the customer was found
	silent  time.Duration
	legs    int
	heard   map[string]string
	targets string // what they were sent and sent
}

// row is what has been seen of a transfer that is over.
func (s *stage) row() *row {
	s.t.Helper()
	r := &row{ended: s.ended, silent: s.silent, legs: s.Server.LegCount(), heard: map[string]string{}}
	for who, e := range s.ears {
		r.heard[who] = strings.Join(e.whom(), ", ")
	}
	lines := s.lines()
	var ladders []string
	for _, attempt := range s.state().Past[0].Attempts {
		ladders = append(ladders, ladder(lines, attempt.Target))
	}
	r.targets = strings.Join(ladders, "; ")
	switch {
	case s.target != nil:
		r.targets += " (baresip)"
	case s.sipp != nil:
		r.targets += " (SIPp)"
	}
	return r
}

// lines are those of the journal, one for each message. The contact is over and
// has no line left, so after its end nothing comes that is not there already.
func (s *stage) lines() (lines []string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(soon(s.t))
	defer cancel()
	for e, err := range s.Client.EventsOf(ctx, s.Contact, 0) {
		must(s.t, err)
		lines = append(lines, e.Trace...)
		if e.Contact.Stage == call.Over {
			time.AfterFunc(patience/10, cancel)
		}
	}
	return lines
}

// lineOf takes a line of the journal apart: an arrow, a method or a status, and
// whose line it is.
var lineOf = regexp.MustCompile(`^\S+ (->|<-) (\S+) .*?(\S+)$`)

// ladder is what was said on the line of a target, in short: ">INVITE <180".
func ladder(lines []string, target call.Endpoint) string {
	var said []string
	for _, line := range lines {
		if m := lineOf.FindStringSubmatch(line); m != nil && m[3] == target.String() {
			said = append(said, map[string]string{"->": ">", "<-": "<"}[m[1]]+m[2])
		}
	}
	return strings.Join(said, " ")
}

// tell prints what was played, and compares the page with it.
func tell(t *testing.T, cells []*cell) {
	var played, possible int
	var longest time.Duration
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "foreign phones: event\tkind\tthe customer is\tsilence\tlines\tcustomer heard\tagent heard\ttarget heard\ttarget's line")
	for _, c := range cells {
		if c.not[c.kind] == "" {
			possible++
		}
		if c.row != nil {
			played++
			longest = max(longest, c.row.silent)
		}
		fmt.Fprintln(table, strings.Join(c.columns(), "\t"))
	}
	_ = table.Flush() // a terminal that is gone has nobody to tell
	fmt.Printf("foreign phones: %d cells of %d, the longest silence of a customer was %d ms\n", played, possible, longest.Milliseconds())
	if played == possible {
		comparePage(t, cells)
	}
}

func (c *cell) columns() []string {
	switch {
	case c.not[c.kind] != "":
		return []string{c.what, string(c.kind), "– (" + c.not[c.kind] + ")", "", "", "", "", "", ""}
	case c.row == nil:
		return []string{c.what, string(c.kind), "NOT KNOWN", "", "", "", "", "", ""}
	}
	return []string{
		c.what, string(c.kind), c.row.ended, fmt.Sprintf("%d ms", c.row.silent.Milliseconds()), fmt.Sprint(c.row.legs),
		c.row.heard["customer"], c.row.heard["agent"], c.row.heard["target"], c.row.targets,
	}
}

// certain is how many columns are the same in every run: what happens, the
// kind, and where the customer is.
const certain = 3

// comparePage checks that docs/PHONES.md says where customers end, after
// writing it if that is asked for.
func comparePage(t *testing.T, cells []*cell) {
	var lines, want []string
	for _, c := range cells {
		columns := c.columns()
		want = append(want, strings.Join(columns[:certain], " | "))
		if last := &columns[len(columns)-1]; *last != "" {
			*last = "`" + *last + "`"
		}
		lines = append(lines, "| "+strings.Join(columns, " | ")+" |")
	}
	if *writePhones {
		must(t, os.WriteFile(page, []byte(preface+strings.Join(lines, "\n")+"\n"), 0o644))
	}
	text, err := os.ReadFile(page)
	must(t, err)
	var got []string
	for line := range strings.Lines(string(text)) {
		if columns := strings.Split(strings.Trim(line, "| \n"), " | "); len(columns) >= certain {
			got = append(got, strings.Join(columns[:certain], " | "))
		}
	}
	if got = got[min(1, len(got)):]; !slices.Equal(got, want) { // without the names of the columns
		t.Errorf("docs/PHONES.md says %q, played was %q; run go test ./test/interop -phones", got, want)
	}
}

const preface = `# Every kind of transfer, between phones that others wrote

Customer and agent are at a baresip each, the target at a baresip or a SIPp. What is here was played and seen: where the
customer was then, the longest time that they heard nothing at all (2 s are allowed), how many lines the server had left
when nobody repeated anything any more, whom everybody heard, by tones, one after the other, and what the journal has of
the target's line (> sent, < received).

Where it says "with the agent" or "with the target", the customer hung up after that; "on hold" is before the agent
resumed. A customer who holds at a baresip is listened to until then only, because it records nothing afterwards.

` + "`HOLDFAST_PEERS=1 go test ./test/interop -phones`" + ` plays all of it and writes this page. ` + "`make test`" + ` plays it and fails
if a customer is somewhere else than here.

| what happens | kind | the customer is | silence | lines left | customer heard | agent heard | target heard | the target's line |
|---|---|---|---|---|---|---|---|---|
`
