// Package kill kills real server processes with SIGKILL at every entry they
// write in a cold transfer, starts them again, and looks whether the customer
// has noticed. It holds tests only.
package kill

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"holdfast/peers"
)

// all says that the whole matrix is wanted, which takes minutes.
func all() bool { return os.Getenv("HOLDFAST_KILL") == "all" }

func needAll(t *testing.T) {
	t.Helper()
	if !all() {
		t.Skip("this takes a while: HOLDFAST_KILL=all runs it")
	}
}

// TestKill plays the matrix: every ending, killed at every entry, at every
// moment about its writing. HOLDFAST_KILL=all plays all of it; otherwise only
// the first ending is played, at some entries. With HOLDFAST_PEERS the customer
// has a phone that others wrote, once at every entry.
func TestKill(t *testing.T) {
	played := endings[:1]
	if all() {
		played = endings
	}
	m := newMatrix()
	t.Cleanup(m.report)
	for i, entries := range rehearse(t, played) {
		for n, events := range entries {
			for _, when := range []string{before, written, sent} {
				if !all() && (n+len(when))%6 != 0 {
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
