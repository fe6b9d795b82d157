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
	ended  string // where the customer was found
	silent time.Duration
	legs   int
	heard  map[string]string
	said   string // by SIP, on the lines of the targets or of the agent's phone
}

// row is what has been seen of a transfer that is over.
func (s *stage) row() *row {
	s.t.Helper()
	r := s.common()
	lines := s.lines()
	var ladders []string
	for _, attempt := range s.state().Past[0].Attempts {
		ladders = append(ladders, ladder(lines, attempt.Target))
	}
	r.said = strings.Join(ladders, "; ")
	switch {
	case s.target != nil:
		r.said += " (baresip)"
	case s.sipp != nil:
		r.said += " (SIPp)"
	}
	return r
}

// row is what has been seen of a transfer by a phone's key that is over.
func (k *keyStage) row() *row {
	r := k.common()
	r.said = k.desk.Referral().String()
	if second := r.heard[secondLine]; second != "" {
		r.heard["agent"] += "; " + second
	}
	return r
}

func (s *stage) common() *row {
	r := &row{ended: s.ended, silent: s.silent, legs: s.Server.LegCount(), heard: map[string]string{}}
	for who, e := range s.ears {
		r.heard[who] = strings.Join(e.whom(), ", ")
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

// A table is a part of the page: what its columns are, and how many of them, at the
// left, are the same in every run.
type table struct {
	cells   []*cell
	columns []string
	certain int
}

// tell prints what was played, and compares the page with it.
func tell(t *testing.T, kinds, keys []*cell) {
	tables := []table{
		{kinds, []string{"what happens", "kind", "the customer is", "silence", "lines left", "customer heard", "agent heard", "target heard", "the target's line"}, 3},
		{keys, []string{"what happens", "the agent's phone", "key", "the customer is", "silence", "lines left", "customer heard", "agent heard", "target heard", "REFER, NOTIFY"}, 4},
	}
	complete := true
	for _, x := range tables {
		complete = x.print() && complete
	}
	if complete {
		comparePage(t, tables)
	}
}

// print prints the table and reports whether it is complete.
func (x table) print() bool {
	var played, possible int
	var longest time.Duration
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "foreign phones: "+strings.Join(x.columns, "\t"))
	for _, c := range x.cells {
		if c.not == "" {
			possible++
		}
		if c.row != nil {
			played++
			longest = max(longest, c.row.silent)
		}
		fmt.Fprintln(out, strings.Join(c.columns(len(x.columns)), "\t"))
	}
	_ = out.Flush() // a terminal that is gone has nobody to tell
	fmt.Printf("foreign phones: %d cells of %d, the longest silence of a customer was %d ms\n", played, possible, longest.Milliseconds())
	return played == possible
}

// columns are so many, whatever is known.
func (c *cell) columns(many int) []string {
	list := slices.Clone(c.title)
	switch {
	case c.not != "":
		list = append(list, "– ("+c.not+")")
	case c.row == nil:
		list = append(list, "NOT KNOWN")
	default:
		list = append(list, c.row.ended, fmt.Sprintf("%d ms", c.row.silent.Milliseconds()), fmt.Sprint(c.row.legs),
			c.row.heard["customer"], c.row.heard["agent"], c.row.heard["target"], c.row.said)
	}
	return append(list, make([]string, many-len(list))...)
}

// comparePage checks that docs/PHONES.md says where customers end, after
// writing it if that is asked for.
func comparePage(t *testing.T, tables []table) {
	if *writePhones {
		text := fmt.Sprintf(preface, tables[0].markdown(), tables[1].markdown())
		must(t, os.WriteFile(page, []byte(text), 0o644))
	}
	text, err := os.ReadFile(page)
	must(t, err)
	var rows []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| "+tables[0].columns[0]) {
			rows = append(rows, line)
		}
	}
	for _, x := range tables {
		for _, c := range x.cells {
			known := "| " + strings.Join(c.columns(len(x.columns))[:x.certain], " | ") + " |"
			if len(rows) == 0 || !strings.HasPrefix(rows[0], known) {
				t.Fatalf("docs/PHONES.md has %q instead of %q; run go test ./test/interop -phones", rows[:min(1, len(rows))], known)
			}
			rows = rows[1:]
		}
	}
	if len(rows) > 0 {
		t.Errorf("docs/PHONES.md has besides: %q", rows)
	}
}

// markdown is the table as the page has it.
func (x table) markdown() string {
	lines := []string{"| " + strings.Join(x.columns, " | ") + " |", strings.Repeat("|---", len(x.columns)) + "|"}
	for _, c := range x.cells {
		columns := c.columns(len(x.columns))
		if last := &columns[len(columns)-1]; *last != "" {
			*last = "`" + *last + "`"
		}
		lines = append(lines, "| "+strings.Join(columns, " | ")+" |")
	}
	return strings.Join(lines, "\n")
}

const preface = `# Every kind of transfer, between independent phones

Customer and agent each use a baresip, the target uses a baresip or a SIPp. Each row was played. It has the place where the
customer was at the end, the longest time in which they heard nothing at all (2 s are allowed), how many legs the server had
left when no phone repeated anything any more, what each party heard (identified by tones, in order), and the messages on the
target's line (> sent, < received).

Where a row has "with the agent" or "with the target", the customer hung up after that; "on hold" is before the agent resumed.
A customer who holds at a baresip is recorded only until then, because baresip records nothing afterwards.

` + "`HOLDFAST_PEERS=1 go test ./test/interop -phones`" + ` plays all of it and writes this page. ` + "`make test`" + ` plays it and fails if a
customer ends in another place.

%s

## By the key of a desk phone

The agent's phone, a baresip or a SIPp, sends REFER in the customer's call: blind; attended, when the agent has called the
target on a second line and talked to them; or early-attended, while the target rings there. The last column has the
response to REFER, and the status in each NOTIFY. A full stop means that the last NOTIFY ended the subscription.

- Baresip puts the customer on hold while it calls the target. SIPp does not, so the customer hears the agent.
- Baresip 1.0.0 hangs up when its REFER is refused or its transfer fails. Holdfast then calls the agent back.
- Baresip 1.0.0 has no key for an attended transfer. Here the agent types the address with Replaces, as later versions send it.
- Baresip ends its subscription when the agent hangs up. The last NOTIFY then repeats the status before it.
- If the target refuses the second line, the phone has no call left that it could name. In "attended" the agent then presses
  the key anyway, and REFER gets 481.

%s
`
