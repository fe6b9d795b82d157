package flood

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

const (
	talkers = 3   // are in calls while the floods come
	agents  = 100 // answer those who come in the floods
	queued  = 20  // of them, for a queue
)

// answeredWithin is how soon somebody who calls, or asks for something, must get an answer.
const answeredWithin = 500 * time.Millisecond

// A world is a server, people who talk through it, and a trunk.
type world struct {
	*server
	t     *testing.T
	trunk *trunk
	calls []*softphone.Call // both ends of each conversation

	contacts []call.ContactID // of which transfers are asked for
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	bed := holdfasttest.Around(t, freeAddress(t), "")
	at := answering(t, "busy")
	var people strings.Builder
	for i := range talkers {
		p := bed.Add(fmt.Sprint("talker-", i), softphone.Options{})
		fmt.Fprintf(&people, "[[agent]]\nname = \"talker-%d\"\naddress = %q\n[[route]]\ncalled = \"talk-%d\"\nagent = \"talker-%d\"\n", i, p.URI(), i, i)
	}
	var names []string
	for i := range agents {
		name := fmt.Sprint("agent-", i)
		names = append(names, fmt.Sprintf("%q", name))
		fmt.Fprintf(&people, "[[agent]]\nname = %q\naddress = \"sip:%s@%s\"\n[[route]]\ncalled = %q\nagent = %q\n", name, name, at, name, name)
	}
	fmt.Fprintf(&people, "[[queue]]\nname = \"all\"\nagents = [%s]\n[[route]]\ncalled = \"queue\"\nqueue = \"all\"\n", strings.Join(names[:queued], ", "))
	people.WriteString("[[queue]]\nname = \"waiting\"\nagents = [\"gone\"]\n[[agent]]\nname = \"gone\"\naddress = \"sip:busy@" + at + "\"\n[[route]]\ncalled = \"waiting\"\nqueue = \"waiting\"\n[rules]\noffer_for = \"1s\"\n")
	fmt.Fprintf(&people, "[[endpoint]]\nname = \"busy\"\naddress = \"sip:busy@%s\"\n", at)
	w.server = configured(t, people.String())
	w.start()
	bed.SIP = w.sip
	for i := range talkers {
		name := fmt.Sprint("customer-", i)
		bed.Add(name, softphone.Options{})
		w.calls = append(w.calls, bed.Dial(name, fmt.Sprint("talk-", i)), bed.Rung(fmt.Sprint("talker-", i)))
		bed.Hears(name, fmt.Sprint("talker-", i))
	}
	w.trunk = newTrunk(t, w.sip)
	w.trunk.talk = 500 * time.Millisecond
	return w
}

// An outcome is what those who talk, and those who called, noticed.
type outcome struct {
	calls, busy, late, silent int           // calls: of these turned away, answered late, not answered
	slowest                   time.Duration // answer
	lost                      int           // packets of those who talk
	gap                       time.Duration // the longest between two packets
	frozen                    int
	admitted                  int // a second, while they called
}

func (o outcome) String() string {
	return fmt.Sprintf("%d calls: %d turned away (%d a second were not), %d late, %d unanswered, slowest answer %s; those who talk: %d packets lost, longest gap %s; %d frozen",
		o.calls, o.busy, o.admitted, o.late, o.silent, o.slowest.Round(time.Millisecond), o.lost, o.gap.Round(time.Millisecond), o.frozen)
}

func (o outcome) clean() bool { return o.busy+o.late+o.silent+o.lost+o.frozen == 0 }

// during does something, and returns what those who talk noticed of it, also for as
// long as after.
func (w *world) during(after time.Duration, do func() []answer) outcome {
	w.t.Helper()
	frozen := w.log.count("is frozen")
	before := w.heard()
	began := time.Now()
	all := do()
	took := time.Since(began)
	<-time.After(after)
	o := outcome{calls: len(all), frozen: w.log.count("is frozen") - frozen}
	for _, a := range all {
		switch after, status := a.answered(); {
		case after == 0:
			o.silent++
		case after > answeredWithin:
			o.late++
			fallthrough
		default:
			o.slowest = max(o.slowest, after)
			if status == 503 {
				o.busy++
			}
		}
	}
	o.admitted = int(float64(o.calls-o.busy-o.silent) / took.Seconds())
	for i, now := range w.heard() {
		if missing := before[i].missing - now.missing; missing < -underway {
			o.lost -= missing
		}
		r := w.calls[i].Recording()
		o.gap = max(o.gap, r.LongestGapWithin(before[i].length, r.Length()))
	}
	return o
}

// underway is how many packets may be on their way.
const underway = 3

// heard is how much each of those who talk has heard: what, of all that was said,
// has not arrived.
func (w *world) heard() (all []struct {
	missing int
	length  time.Duration
}) {
	for i, c := range w.calls {
		other := w.calls[i^1]
		all = append(all, struct {
			missing int
			length  time.Duration
		}{other.Sent() - len(c.Recording().Packets()), c.Recording().Length()})
	}
	return all
}

// An answer is one that is waited for.
type answer interface {
	// answered returns after how long it came, zero if not yet, and its status.
	answered() (after time.Duration, status int)
}

// A kind of flood: ask asks so often a second for a while.
type kind struct {
	name string
	ask  func(w *world, rate int, long time.Duration) []answer
}

var kinds = []kind{
	{"agents", func(w *world, rate int, long time.Duration) []answer {
		return w.trunk.flood(rate, long, func(n int) string { return fmt.Sprint("agent-", n%agents) })
	}},
	{"queue", func(w *world, rate int, long time.Duration) []answer {
		return w.trunk.flood(rate, long, func(int) string { return "queue" })
	}},
	{"api", (*world).transfers},
}

// TestFlood finds the best rate at which all is well, and then comes with three times
// as much.
func TestFlood(t *testing.T) {
	wanted(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			w := newWorld(t)
			if k.name == "api" {
				w.transferable()
			}
			best, usual := w.ramp(k)
			o := w.flood(k, 3*best)
			if o.bad(usual) { // others may have had the machine
				t.Logf("once more; first: %s", o)
				o = w.flood(k, 3*best)
			}
			t.Logf("best rate %d, flood of %d a second: %s", best, 3*best, o)
			if o.bad(usual) {
				t.Errorf("somebody who talks lost a packet or heard nothing for a while, somebody who called was not answered within %s, or a contact froze", answeredWithin)
			}
			if o.busy == 0 {
				t.Error("nobody was turned away, so that it was no flood")
			}
			if o.admitted < best/2 {
				t.Errorf("of a flood %d a second were admitted, and at best are %d", o.admitted, best)
			}
			if t.Failed() {
				t.Log(strings.Join(w.log.lines("turned away", "level=ERROR"), "\n"))
			}
		})
	}
}

// times are how long a step takes, a flood, and what comes after it.
func times() (step, flood, after time.Duration) {
	if isLong() {
		return 5 * time.Second, 10 * time.Second, 20 * time.Second
	}
	return time.Second, 3 * time.Second, 2 * time.Second
}

func (w *world) flood(k kind, rate int) outcome {
	w.t.Helper()
	_, long, after := times()
	return w.during(after, func() []answer {
		all := k.ask(w, rate, long)
		if k.name != "api" {
			w.trunk.goodbye()
		}
		return all
	})
}

// bad reports whether a flood was noticed. usual is the longest gap without one, on
// this machine.
func (o outcome) bad(usual time.Duration) bool {
	return o.silent+o.late+o.lost+o.frozen > 0 || o.gap > max(300*time.Millisecond, 2*usual)
}

var rates = []int{50, 100, 200, 400, 800}

// ramp returns the last rate at which all was well, and the longest gap until then.
func (w *world) ramp(k kind) (best int, gap time.Duration) {
	w.t.Helper()
	step, _, _ := times()
	best = rates[0]
	for _, rate := range rates {
		o := w.during(step/4, func() []answer { return k.ask(w, rate, step) })
		w.t.Logf("%d a second: %s", rate, o)
		if !o.clean() {
			break
		}
		best, gap = rate, max(gap, o.gap)
	}
	<-time.After(step) // until what is left of it is over
	return best, gap
}
