package browser

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"holdfast/holdfasttest"
)

// A row is what was seen of a scene.
type row struct {
	group, what string
	ended       string // where the customer is
	told        string // what a page showed, or an error said
	silence     time.Duration
	back        time.Duration // from the page's load, or the server's start, to two-way audio; 0: nothing was interrupted
	heard       map[string]string

	began time.Time
}

// table has the rows of all groups.
var table struct {
	mu   sync.Mutex
	rows []*row
}

// scene plays a scene and adds what was seen to the table.
func (s *stage) scene(what string, play func(r *row)) {
	s.t.Helper()
	r := &row{group: s.group, what: what, began: time.Now(), heard: map[string]string{}}
	s.row, s.away = r, 0
	play(r)
	r.silence = s.silence(r.began)
	if stood := machine.Stood(r.began); r.silence > holdfasttest.Silence+stood+s.away {
		s.t.Errorf("%s: the customer heard nobody and nothing for %v, while the machine stood still for %v: %s",
			what, r.silence, stood, s.Heard("customer").Summary(s.voices()))
	}
	for _, who := range []string{"customer", "ana", "ben", "cardiology"} {
		r.heard[who] = strings.Join(s.heardBy(who, r.began), ", ")
	}
	if s.t.Failed() {
		return // it is not known
	}
	table.mu.Lock()
	defer table.mu.Unlock()
	table.rows = append(table.rows, r)
}

// name is the scene as it can stand in the name of a file.
func (r *row) name() string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(r.group+" "+r.what))
}

var heads = []string{"where", "what happens", "the customer is", "the page says", "silence", "back after", "customer heard", "agent heard", "other heard"}

// certain is how many columns are the same in every run.
const certain = 4

func (r *row) columns() []string {
	back := ""
	if r.back > 0 {
		back = fmt.Sprintf("%.1f s", r.back.Seconds())
	}
	other := r.heard["cardiology"]
	if other == "" {
		other = r.heard["ben"]
	}
	return []string{
		r.group, r.what, r.ended, r.told, fmt.Sprintf("%.1f s", r.silence.Seconds()), back, r.heard["customer"], r.heard["ana"], other,
	}
}

var writeDocument = flag.Bool("document", false, "write docs/BROWSER.md from what is played")

const document = "../../docs/BROWSER.md"

// tell prints the table, and compares the document with it.
func tell(t *testing.T) {
	order := func(r *row) int { return slices.IndexFunc(groups, func(g group) bool { return g.name == r.group }) }
	slices.SortStableFunc(table.rows, func(a, b *row) int { return order(a) - order(b) })
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "browser: "+strings.Join(heads, "\t"))
	var silence, back time.Duration
	var lines []string
	for _, r := range table.rows {
		fmt.Fprintln(w, strings.Join(r.columns(), "\t"))
		lines = append(lines, "| "+strings.Join(r.columns(), " | ")+" |")
		silence, back = max(silence, r.silence), max(back, r.back)
	}
	_ = w.Flush() // a terminal that is gone has nobody to tell
	fmt.Printf("browser: %d scenes; the customer's longest silence was %d ms; two-way audio was back after at most %d ms\n",
		len(lines), silence.Milliseconds(), back.Milliseconds())
	if t.Failed() {
		return
	}
	if *writeDocument && All() {
		if err := os.WriteFile(document, []byte(preface+header()+strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	compare(t, lines)
}

// compare checks that the document has every line that was played, as far as that is
// certain, and no other if all were played.
func compare(t *testing.T, played []string) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(text), "|---|")
	_, body, _ = strings.Cut(body, "\n")
	written := sure(slices.Collect(strings.Lines(body)))
	for _, line := range sure(played) {
		if !slices.Contains(written, line) {
			t.Errorf("docs/BROWSER.md does not say %q; run HOLDFAST_BROWSER=all go test ./test/browser -document", line)
		}
	}
	if All() && everyGroup() && len(written) != len(played) {
		t.Errorf("docs/BROWSER.md has %d lines, and %d scenes were played", len(written), len(played))
	}
}

// everyGroup reports whether all groups were played: a flag may have chosen some.
func everyGroup() bool {
	return !slices.ContainsFunc(groups, func(g group) bool {
		return !slices.ContainsFunc(table.rows, func(r *row) bool { return r.group == g.name })
	})
}

// sure is what is certain of some lines.
func sure(lines []string) (all []string) {
	for _, line := range lines {
		all = append(all, strings.Join(strings.Split(strings.Trim(line, "| \n"), " | ")[:certain], " | "))
	}
	return all
}

// header is the head of the table.
func header() string {
	return "| " + strings.Join(heads, " | ") + " |\n" + strings.Repeat("|---", len(heads)) + "|\n"
}

const preface = `# Agents in a real browser

Ana, the agent, works in headless Chromium (in some scenes in Firefox ESR), and the server is a process of its own. She uses the
agents' page alone, or the page inside another page: one of another origin that uses Amazon Connect Streams 2.28.2, or the Amazon
Connect SDK 1.0.12 alone, both exactly as npm has them. With ` + "`holdfast-transfer`" + `, the page asks for whole transfers; that package
is packed and installed as npm does it. Where UDP is blocked, the kernel passes none to the address to which browsers send audio.
Customers and cardiology, the target, are softphones; ben is another agent in another browser. Each party plays its own tone, so
what each one heard is known: at the phones from their recordings, and in the browsers from what they played.

Silence is the longest time in which the customer heard neither a person nor hold audio. 2 s are allowed, besides the time in
which no server runs, 2 s until the server notices that the network is gone, and the time in which the agent is muted. "Back
after" is the time from the load of the page, from the start of the server, or from when the network is back, until the agent and
the party they talked to heard each other again; 2 s are allowed, too. In all scenes with cardiology it was dialled once for each
transfer.

` + "`make browser`" + ` plays all of it, and fails if a customer ends in another place or a page shows another text;
` + "`HOLDFAST_BROWSER=all go test ./test/browser -document`" + ` also writes this page. ` + "`make test`" + ` plays what takes less time.
With ` + "`HOLDFAST_BRIEF=file`" + ` the page transfers by the code that the text in the file contains, as it stands. With
` + "`HOLDFAST_SCREENSHOTS=directory`" + ` a run keeps pictures of the pages.

`
