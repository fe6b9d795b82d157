// Package kill kills real server processes with SIGKILL at every entry they
// write in a transfer, or stops them with SIGTERM, starts them again, and looks
// whether a customer has noticed. It holds tests only.
package kill

import (
	"fmt"
	"os"
	"testing"

	"holdfast/test/interop"
)

// How much of the matrix is wanted: HOLDFAST_KILL. Nothing wants a few cells.
const (
	all  = "all"  // every ending, killed at every entry, at every moment
	part = "part" // every ending, killed at every entry, or every second, at one moment each
)

func wanted() string { return os.Getenv("HOLDFAST_KILL") }

func needTime(t *testing.T) {
	t.Helper()
	if wanted() == "" {
		t.Skipf("this takes a while: HOLDFAST_KILL=%s runs it", part)
	}
}

// moments are when, about the writing of an entry, the server dies or is stopped.
var moments = []string{before, written, sent, stopping}

// isWanted says whether an ending, by number, is killed at an entry and a
// moment. In part of the matrix the moments take turns, from entry to
// entry and from ending to ending: what endings have in common, such as how they
// begin, is killed at all moments all the same. Those that have to do with the
// routing write much and take long, and some are like others: they are killed at
// every second entry.
func isWanted(ending, entry, moment int) bool {
	switch wanted() {
	case all:
		return true
	case part:
		if e := endings[ending]; e.asksRouting() || e.like {
			return (ending+entry)%2 == 0 && (ending+entry)/2%len(moments) == moment
		}
		return (ending+entry)%len(moments) == moment
	default:
		return ending == 0 && entry%2 == 0 && entry/2%len(moments) == moment
	}
}

// TestKill plays the matrix, or as much of it as is wanted. With HOLDFAST_PEERS
// the customer has a phone that others wrote, once at every entry.
func TestKill(t *testing.T) {
	played := endings
	if wanted() == "" {
		played = endings[:1]
	}
	m := newMatrix()
	t.Cleanup(m.report)
	for i, life := range rehearse(t, played) {
		m.play(t, i, contacts, life.entries)
		if e := played[i]; e.asksRouting() || e.consults {
			m.play(t, i, routing, life.kept)
		}
	}
}

// play plays an ending, by number, killed at what it writes of contacts or of
// the routing.
func (m *matrix) play(t *testing.T, number int, what string, entries []string) {
	for n, entry := range entries {
		for w, when := range moments {
			if !isWanted(number, n, w) {
				continue
			}
			p := plot{
				ending: endings[number], point: fmt.Sprintf("%s %d %s", what, n+1, when),
				foreign: when == written && interop.Asked(),
			}
			t.Run(fmt.Sprintf("%s/%s %s %d %s", p.ending.name, when, what, n+1, entry), func(t *testing.T) {
				t.Parallel()
				if p.foreign {
					interop.Need(t, "baresip")
				}
				r := play(t, p)
				if r.err != nil && !r.killed && (what == routing || entry == "" && n+1 == len(entries)) {
					t.Skip("this time less was written: last words, or two changes of the routing at once")
				}
				if r.err != nil {
					t.Error(r.err)
				}
				m.add(p, r)
			})
		}
	}
}

// rehearse plays endings without a kill and returns what each of them writes.
func rehearse(t *testing.T, list []ending) []life {
	lives := make([]life, len(list))
	t.Run("rehearsal", func(t *testing.T) {
		for i, e := range list {
			t.Run(e.name, func(t *testing.T) {
				t.Parallel()
				r := play(t, plot{ending: e})
				if r.err != nil {
					t.Error(r.err)
				}
				lives[i] = r.lives[0]
				if n := len(lives[i].entries); n < 5 {
					t.Errorf("only %d entries were written", n)
				}
			})
		}
	})
	if t.Failed() {
		t.FailNow() // what the entries are is not known
	}
	return lives
}
