// Package kill kills real server processes with SIGKILL at every entry they
// write in a transfer, starts them again, and looks whether a customer has
// noticed. It holds tests only.
package kill

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"holdfast/peers"
)

// How much of the matrix is wanted: HOLDFAST_KILL. Nothing wants a few cells.
const (
	all  = "all"  // every ending, killed at every entry, at every moment
	part = "part" // the same of cold endings; of the others every entry, at one moment each
)

func wanted() string { return os.Getenv("HOLDFAST_KILL") }

func needTime(t *testing.T) {
	t.Helper()
	if wanted() == "" {
		t.Skipf("this takes a while: HOLDFAST_KILL=%s runs it", part)
	}
}

// moments are when, about the writing of an entry, the server dies.
var moments = []string{before, written, sent}

// isWanted says whether an ending, by number, is killed at an entry and a
// moment. Where each entry has only one, the moments take turns, from entry to
// entry and from ending to ending: what endings have in common, such as how they
// begin, is killed at all moments all the same.
func isWanted(ending, entry, moment int) bool {
	switch wanted() {
	case all:
		return true
	case part:
		return ending < len(coldEndings) || (ending+entry)%len(moments) == moment
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
	for i, entries := range rehearse(t, played) {
		for n, events := range entries {
			for w, when := range moments {
				if !isWanted(i, n, w) {
					continue
				}
				p := plot{
					ending: played[i], point: fmt.Sprintf("%d %s", n+1, when),
					foreign: when == written && peers.Asked(),
				}
				t.Run(fmt.Sprintf("%s/%s %d %s", p.ending.name, when, n+1, events), func(t *testing.T) {
					t.Parallel()
					if p.foreign {
						peers.Need(t, "baresip")
					}
					r := newCell(t, p).play(p)
					if errors.Is(r.err, errNotKilled) && events == "" && n+1 == len(entries) {
						t.Skip("this time the contact had no last words")
					}
					if r.err != nil {
						t.Error(r.err)
					}
					m.add(p, r)
				})
			}
		}
	}
}

// rehearse plays endings without a kill and returns the events of the entries
// that each of them writes.
func rehearse(t *testing.T, list []ending) [][]string {
	entries := make([][]string, len(list))
	t.Run("rehearsal", func(t *testing.T) {
		for i, e := range list {
			t.Run(e.name, func(t *testing.T) {
				t.Parallel()
				c := newCell(t, plot{})
				if r := c.play(plot{ending: e}); r.err != nil {
					t.Error(r.err)
				}
				entries[i] = c.server.life(0).entries
				if len(entries[i]) < 5 {
					t.Errorf("only %d entries were written", len(entries[i]))
				}
			})
		}
	})
	if t.Failed() {
		t.FailNow() // what the entries are is not known
	}
	return entries
}
