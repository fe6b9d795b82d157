package browser

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
)

// A cell is where a customer ends.
type cell struct{ door, failure, way string }

// places has the cells that were played.
type places struct {
	mu    sync.Mutex
	cells map[cell]string
}

var amazonTable = places{cells: map[cell]string{}}

// fine has the places in which a customer is not stranded.
var fine = []string{"with the target", "with the agent", "gone"}

// add takes where a customer has ended, and fails the test if a page could have
// prevented that.
func (p *places) add(t *testing.T, d door, w way, f failure, place string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cells[cell{d.name, f.title(), w.name}] = place
	cures := w.name != byBrief.name && f.incurable == "" && (f.onlyEngine == "" || w.name != byPlain.name)
	if cures && !slices.Contains(fine, place) {
		t.Errorf("%s, by %s through %s: the customer is %s", f.title(), w.name, d.name, place)
	}
}

// title is the name of a failure in the tables.
func (f failure) title() string {
	if f.name == "" {
		return f.what
	}
	return "(" + f.name + ") " + f.what
}

const amazonDocument = "../../docs/AMAZON-CONNECT-TABLE.md"

// tell prints the tables, and compares the document with them.
func (p *places) tell(t *testing.T) {
	t.Helper()
	text := p.document()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| ") {
			fmt.Fprintln(w, "amazon: "+strings.Join(strings.Split(strings.Trim(line, "| \n"), " | "), "\t"))
		}
	}
	_ = w.Flush() // a terminal that is gone has nobody to show it
	if t.Failed() {
		return
	}
	if *writeDocument && All() {
		if err := os.WriteFile(amazonDocument, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.compare(t)
}

// document is the text of the document.
func (p *places) document() string {
	var b strings.Builder
	b.WriteString(amazonPreface)
	for _, d := range []string{byOurs.name, byWorker.name, byOwn.name} {
		var shown []way
		for _, w := range ways {
			if !w.sdk || d != byWorker.name {
				shown = append(shown, w)
			}
		}
		fmt.Fprintf(&b, "## Through %s\n\n| what happens |", d)
		for _, w := range shown {
			fmt.Fprintf(&b, " by %s |", w.name)
		}
		fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("---|", len(shown)))
		for _, f := range failures {
			b.WriteString(p.line(d, shown, f))
		}
		b.WriteString("\n")
	}
	b.WriteString(incurable())
	return b.String()
}

// line is the row of a failure, or empty if it was not played.
func (p *places) line(d string, shown []way, f failure) string {
	if d == byOurs.name && f.ours != "" {
		return "| " + f.title() + " | cannot happen: " + f.ours + strings.Repeat(" |", len(shown)) + "\n"
	}
	var cells []string
	played := false
	for _, w := range shown {
		place, was := p.cells[cell{d, f.title(), w.name}]
		cells, played = append(cells, place), played || was
	}
	if !played {
		return ""
	}
	return "| " + f.title() + " | " + strings.Join(cells, " | ") + " |\n"
}

// incurable names the failures that a page cannot prevent, or only the engine can.
func incurable() string {
	var b strings.Builder
	b.WriteString("## What no page can cure\n\n")
	for _, f := range failures {
		if f.incurable != "" {
			fmt.Fprintf(&b, "- %s: %s.\n", f.title(), f.incurable)
		}
	}
	b.WriteString("\n## What only the engine cures\n\n")
	for _, f := range failures {
		if f.onlyEngine != "" {
			fmt.Fprintf(&b, "- %s: without the engine %s.\n", f.title(), f.onlyEngine)
		}
	}
	return b.String()
}

// compare checks that the document has what was played.
func (p *places) compare(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(amazonDocument)
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]string{} // by the section and the first cell
	section := ""
	for line := range strings.Lines(string(text)) {
		if title, is := strings.CutPrefix(line, "## "); is {
			section = title
		}
		if first, others, is := strings.Cut(strings.TrimPrefix(line, "| "), " | "); is {
			written[section+first] = others
		}
	}
	for line := range strings.Lines(p.document()) {
		if title, is := strings.CutPrefix(line, "## "); is {
			section = title
		}
		first, others, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !agree(others, written[section+first]) {
			t.Errorf("docs/AMAZON-CONNECT-TABLE.md has %q for %q, not %q; run make soak-browser", written[section+first], first, others)
		}
	}
}

// agree reports whether the cells that were played are as they are written.
func agree(played, written string) bool {
	is, was := strings.Split(played, " | "), strings.Split(written, " | ")
	for i, place := range is {
		if place != "" && (i >= len(was) || strings.Trim(was[i], " |\n") != strings.Trim(place, " |\n")) {
			return false
		}
	}
	return true
}

const amazonPreface = `# Where the customer ends, on a simulated Amazon Connect

Each row is something that can go wrong with a transfer. It was played in headless Chromium, on pages that use Amazon Connect
Streams 2.28.2 or the Amazon Connect SDK 1.0.12 exactly as npm has them. "By the brief's code" is the well-known way: hold, add,
wait for the next refresh, conference, leave. ` + "`cold-transfer.js`" + ` and the engine are those of ` + "`connect/`" + `; they ring for two seconds
and take the customer off hold on failure. The names in parentheses are those of the design.

Amazon Connect itself is simulated (` + "`test/amazon`" + `), after the source of the library and Amazon's documentation: none of this was
tried against Amazon's servers. The library's own shared worker reaches the simulation by the HTTP service that it uses. The
hostile page is our own agent's page: it delays, loses, repeats and reorders updates, and refuses with texts that were recorded at
Amazon Connect.

` + "`make soak-browser`" + ` plays all of it, prints the tables, and fails if a customer ends in another place; it writes this page with
` + "`HOLDFAST_BROWSER=all go test ./test/browser -run 'TestAmazon$' -document`" + `. ` + "`make test`" + ` plays what takes less time.

## Contents

- [Through our server](#through-our-server)
- [Through the library's worker](#through-the-librarys-worker)
- [Through a hostile page](#through-a-hostile-page)
- [What no page can cure](#what-no-page-can-cure)
- [What only the engine cures](#what-only-the-engine-cures)

`
