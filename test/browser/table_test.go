package browser

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// A row is what was seen of a scene.
type row struct {
	group, what string
	ended       string // where the customer is
	told        string // what the page said
	silence     time.Duration
	back        time.Duration // from the page's load, or the server's start, to two-way audio
	heard       map[string]string

	began time.Time
	noise bool // the customer hears comfort noise for longer than Silence, as they must
}

// table has the rows of all groups.
var table struct {
	mu   sync.Mutex
	rows []*row
}

// scene plays a scene and adds what was seen to the table.
func (s *stage) scene(what string, play func(r *row)) {
	s.t.Helper()
	r := &row{group: s.t.Name(), what: what, began: time.Now(), heard: map[string]string{}}
	s.row = r
	play(r)
	r.silence = s.silence(r.began)
	if r.silence > holdfasttest.Silence && !r.noise {
		s.t.Errorf("%s: the customer heard nobody and nothing for %v: %s", what, r.silence, s.Heard("customer").Summary(s.voices()))
	}
	for _, who := range []string{"customer", "ana", "ben", "cardiology"} {
		r.heard[who] = strings.Join(s.heardBy(who, r.began), ", ")
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
	}, strings.ToLower(strings.TrimPrefix(r.group, "TestScenes/")+"-"+r.what))
}

// recordings are what somebody has heard, in all their tabs and calls.
func (s *stage) recordings(who string) (all []*softphone.Recording) {
	if a := s.agents[who]; a != nil {
		return a.heard
	}
	for _, c := range s.Calls(who) {
		all = append(all, c.Recording())
	}
	return all
}

// voices has the names of all tones.
func (s *stage) voices() softphone.Voices {
	v := softphone.Voices{}
	for _, name := range []string{"hold audio", "queue audio", "park audio", "ringback", "customer", "the second customer", "ana", "ben", "cardiology"} {
		if _, there := toneOf[name]; !there || s.agents[name] != nil {
			v[s.Tone(name)] = name
		}
	}
	return v
}

// glimpse is the shortest time that somebody must be heard to have been heard.
const glimpse = 200 * time.Millisecond

// heardBy returns whom somebody has heard since a moment, one after the other.
func (s *stage) heardBy(who string, since time.Time) (all []string) {
	voices := s.voices()
	for _, r := range s.recordings(who) {
		for _, span := range r.Heard(slices.Collect(maps.Keys(voices))...) {
			ends := r.Began().Add(span.To)
			if len(span.Tones) == 0 || span.To-span.From < glimpse || ends.Before(since.Add(glimpse)) {
				continue
			}
			var names []string
			for _, tone := range span.Tones {
				names = append(names, voices[tone])
			}
			if name := strings.Join(names, " and "); len(all) == 0 || all[len(all)-1] != name {
				all = append(all, name)
			}
		}
	}
	return all
}

// silence is the longest time since a moment in which the customer heard no tone.
// Comfort noise counts as silence here.
func (s *stage) silence(since time.Time) (longest time.Duration) {
	for _, r := range s.recordings("customer") {
		first := true
		for _, span := range r.Heard(slices.Collect(maps.Keys(s.voices()))...) {
			from := max(span.From, r.At(since))
			if len(span.Tones) == 0 && !first {
				longest = max(longest, span.To-from)
			}
			first = first && len(span.Tones) == 0
		}
	}
	return longest
}

const document = "../../docs/BROWSER.md"

// tell prints the table.
func tell(t *testing.T) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "browser: "+strings.Join(heads, "\t"))
	for _, r := range table.rows {
		fmt.Fprintln(w, strings.Join(r.columns(), "\t"))
	}
	_ = w.Flush() // a terminal that is gone has nobody to tell
}

var heads = []string{"group", "what happens", "the customer is", "the page says", "silence", "back after", "customer heard", "ana heard", "the other heard"}

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
		strings.TrimPrefix(r.group, "TestScenes/"), r.what, r.ended, r.told, fmt.Sprintf("%.1f s", r.silence.Seconds()), back,
		r.heard["customer"], r.heard["ana"], other,
	}
}
