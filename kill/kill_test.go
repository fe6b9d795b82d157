// Package kill kills real server processes with SIGKILL at every entry they
// write in a cold transfer, starts them again, and looks whether the customer
// has noticed. It holds tests only.
package kill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/call"
)

const (
	silenceLimit = 2 * time.Second // P2 and P8
	atOnce       = 8               // cells played at the same time
)

// TestKill plays the matrix: every ending, killed at every entry, at every
// moment about its writing. HOLDFAST_KILL=all plays all of it; otherwise only
// the first ending is played, at every second entry.
func TestKill(t *testing.T) {
	all := os.Getenv("HOLDFAST_KILL") == "all"
	var m matrix
	slots := make(chan struct{}, atOnce)
	number := 0
	for i, e := range endings {
		if i > 0 && !all {
			break
		}
		entries := rehearse(t, number, e)
		number++
		for n := range entries {
			for _, when := range []string{before, written, sent} {
				if !all && (n+len(when))%3 != 0 {
					continue
				}
				id := number
				number++
				t.Run(fmt.Sprintf("%s/%s %s", e.name, when, entries[n]), func(t *testing.T) {
					t.Parallel()
					slots <- struct{}{}
					defer func() { <-slots }()
					m.add(playCell(t, id, e, fmt.Sprintf("%d %s", n+1, when)))
				})
			}
		}
	}
	t.Cleanup(func() { m.report(t) })
}

// rehearse plays an ending without a kill and returns the entries it writes.
func rehearse(t *testing.T, number int, e ending) (entries []string) {
	t.Run(e.name+"/rehearsal", func(t *testing.T) {
		c := newCell(t, number, "")
		c.play(e)
		c.mu.Lock()
		entries = slices.Clone(c.entries)
		c.mu.Unlock()
	})
	if len(entries) < 5 {
		t.Fatalf("%s: only %d entries were written", e.name, len(entries))
	}
	return entries
}

// A result is what came of one cell.
type result struct {
	gap  time.Duration // the customer's longest time without sound
	took time.Duration
}

func playCell(t *testing.T, number int, e ending, point string) result {
	began := time.Now()
	c := newCell(t, number, point)
	r := c.play(e)
	select {
	case <-c.killed:
	case <-c.ctx.Done():
		t.Errorf("the server was not killed at %q", point)
	}
	if t.Failed() {
		t.Logf("the server's log:\n%s", c.log())
	}
	r.took = time.Since(began)
	return r
}

// play plays the contact and checks what must hold whatever dies when.
func (c *cell) play(e ending) (r result) {
	c.cardiology.Answering(e.cardiology)
	err := c.talk()
	if err == nil {
		err = c.transfer()
	}
	if err == nil {
		err = e.play(c)
	}
	if err != nil {
		c.t.Error(err)
		return r
	}
	r.gap = c.customerCall.Recording().LongestGap()
	if r.gap > silenceLimit {
		c.t.Errorf("the customer had no sound for %s", r.gap)
	}
	if err := errors.Join(c.ended("customer", c.customerCall), c.ended("ana", c.anaCall), c.ended("cardiology", c.cardiologyCall)); err != nil {
		c.t.Errorf("an orphan: %v", err)
	}
	over, err := c.await(func(x call.Contact) bool { return x.Stage == call.Over })
	if err != nil {
		c.t.Error(err)
		return r
	}
	c.nobodyTwice()
	t := over.Past[len(over.Past)-1]
	if len(over.Past) != 1 || t.Outcome != e.outcome || t.Reason != e.reason {
		c.t.Errorf("the transfer ended %s %s, want %s %s", t.Outcome, t.Reason, e.outcome, e.reason)
	}
	return r
}

// nobodyTwice: neither ana nor cardiology was dialled twice.
func (c *cell) nobodyTwice() {
	none, cancel := context.WithCancel(c.ctx)
	cancel()
	if again, err := c.ana.Incoming(none); err == nil {
		c.t.Errorf("ana was dialled twice, the second time as %s", again.CallID())
	}
	if again, err := c.cardiology.Incoming(none); err == nil {
		c.t.Errorf("cardiology was dialled twice, the second time as %s", again.CallID())
	}
}

// matrix gathers the results of cells.
type matrix struct {
	mu      sync.Mutex // guards results
	results []result
}

func (m *matrix) add(r result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.results = append(m.results, r)
}

// report prints how long customers were without sound.
func (m *matrix) report(t *testing.T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.results) == 0 {
		return
	}
	slices.SortFunc(m.results, func(a, b result) int { return int(a.gap - b.gap) })
	var took time.Duration
	for _, r := range m.results {
		took += r.took
	}
	var line []string
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 1} {
		r := m.results[int(q*float64(len(m.results)-1))]
		line = append(line, fmt.Sprintf("%d%%: %d ms", int(q*100), r.gap.Milliseconds()))
	}
	fmt.Printf("kill matrix: %d cells, %.1f s each; the customer's longest silence, %s\n",
		len(m.results), took.Seconds()/float64(len(m.results)), strings.Join(line, ", "))
}
