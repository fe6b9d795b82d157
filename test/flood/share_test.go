package flood

import (
	"testing"
	"time"
)

// TestShare has callers come at about the rate that a disk of 1 ms a write bears, and at twice
// and three times that, and shows how many are let in. A contact writes most of its entries a second after
// its first, so they come in waves; over some seconds it must be about as many as at best.
func TestShare(t *testing.T) {
	wanted(t)
	if !isLong() {
		t.Skip("this takes a while")
	}
	const best = 100 // a second: of contacts with 6 to 8 entries, at 1 ms a write
	for _, k := range kinds[:2] {
		t.Run(k.name, func(t *testing.T) {
			for _, rate := range []int{best, 2 * best, 3 * best} {
				w := newWorld(t)
				all := k.ask(w, rate, shareFor)
				<-time.After(answeredWithin)
				per, total := admitted(all)
				o := total / int(shareFor/time.Second)
				t.Logf("of %d a second %d were let in, in each half second %v", rate, o, per)
				if o < best/2 {
					t.Errorf("only %d a second were let in", o)
				}
				w.trunk.goodbye()
				w.kill()
			}
		})
	}
}

// shareFor is how long callers come.
const shareFor = 8 * time.Second

// admitted returns how many were let in, in each half second and in all.
func admitted(all []answer) (per [shareFor / (500 * time.Millisecond)]int, total int) {
	began := all[0].(*outgoing).sent
	for _, a := range all {
		c := a.(*outgoing)
		if after, status := c.answered(); after > 0 && status != 503 {
			per[min(int(c.sent.Sub(began)/(500*time.Millisecond)), len(per)-1)]++
			total++
		}
	}
	return per, total
}
