package kill

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestPlantedFaults plants each fault in a server, plays the cells of the
// matrix that are about it, and wants them to notice.
func TestPlantedFaults(t *testing.T) {
	needTime(t)
	played := []ending{coldEndings[0], coldEndings[1], warmEndings[0], endingsOfTwo[0], keyEndings[0]}
	lives := rehearse(t, played)
	const answered, noAnswer, consultation, two, key = 0, 1, 2, 3, 4
	for _, f := range []struct {
		fault  string
		ending int
		when   string
		events string
		nth    int    // entry with these events
		notice string // what must be noticed: a regular expression
	}{
		{"acts before it records", answered, sent, "TransferRequested", 1, "does not hear|dialled twice"},
		{"acts before it records", answered, sent, "Answered+Joined", 1, "customer does not hear"},
		{"does not journal the RTP port", answered, written, "TransferRequested", 1, "leg .* was at .* after the kill at|customer does not hear cardiology"},
		{"acknowledges nobody blindly", answered, written, "Answered+Joined", 1, "was not acknowledged"},
		{"dials again after a restart", noAnswer, sent, "Rang", 1, "orphan: the line of cardiology|dialled twice"},
		{"forgets who is held", consultation, sent, "Answered", 2, "customer heard cardiology"},
		{"forgets who came first", two, sent, "TransferRequested", 1, "customer does not hear hold audio"},
		{"counts CSeq without the epoch", answered, written, "Answered+Joined", 1, "orphan: the line of ana"},
		{"forgets who asked for a transfer", key, written, "Rang", 1, "ana's phone was told"},
	} {
		p := plot{
			ending: played[f.ending], fault: f.fault, patience: 10 * time.Second,
			point: fmt.Sprintf("%s %d %s", contacts, find(t, lives[f.ending].entries, f.events, f.nth), f.when),
		}
		t.Run(fmt.Sprintf("%s/%s %s", f.fault, f.when, f.events), func(t *testing.T) {
			t.Parallel()
			r := play(t, p)
			if r.err == nil {
				t.Fatal("nobody has noticed")
			}
			if !regexp.MustCompile(f.notice).MatchString(r.err.Error()) {
				t.Errorf("not the fault itself was noticed, but: %v", r.err)
			}
			line, _, _ := strings.Cut(r.err.Error(), "\n")
			fmt.Printf("planted fault: a server that %s is caught at %s, killed at %s %s: %s\n",
				f.fault, p.ending.name, p.point, f.events, line)
		})
	}
}

// find is the number of the nth entry with these events.
func find(t *testing.T, entries []string, events string, nth int) int {
	t.Helper()
	for i, e := range entries {
		if e != events {
			continue
		}
		if nth--; nth == 0 {
			return i + 1
		}
	}
	t.Fatalf("no %s among %q", events, entries)
	return 0
}
