package browser

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"holdfast/test/amazon"
)

// A way is how a page of the CRM transfers.
type way struct {
	name string
	page string // a path at the CRM
	// ends is set if the page reports when its transfers are over.
	ends bool
	// adopts is set if the page carries a transfer on after a reload.
	adopts bool
	sdk    bool // it uses the Amazon Connect SDK instead of Streams
}

var (
	byBrief  = way{name: "the brief's code", page: "/"}
	byPlain  = way{name: "cold-transfer.js", page: "/plain", ends: true}
	byEngine = way{name: "the engine", page: "/engine", ends: true, adopts: true}
	bySDK    = way{name: "the engine, on the SDK", page: "/engine-sdk", ends: true, adopts: true, sdk: true}
)

var ways = []way{byBrief, byPlain, byEngine, bySDK}

// A door is how pages reach Amazon Connect.
type door struct {
	name string
	page func(*amazon.Service) string
}

var (
	byWorker = door{"the library's worker", func(s *amazon.Service) string { return s.WorkerPage }}
	byOwn    = door{"a hostile page", func(s *amazon.Service) string { return s.OwnPage }}
)

// A column is one way to transfer through one door, in a tab of its own.
type column struct {
	way
	door    door
	service *amazon.Service
	tab     *Tab
}

// openColumn opens a page.
func openColumn(t *testing.T, b *Browser, w way, d door) *column {
	t.Helper()
	c := &column{way: w, door: d, service: amazon.Start(t, os.Getenv(insideEnv))}
	crm := ServeCRM(t)
	crm.serveConnect(t)
	c.tab = b.Open(crm.at(w.page, d.page(c.service)))
	return c
}

// An attempt is a failure that is played in a column.
type attempt struct {
	*column
	failure
	t *testing.T
	// reloaded is set when the page was loaded again, and has forgotten what it tried.
	reloaded bool
}

func (a *attempt) String() string {
	return fmt.Sprintf("%s %s, %s, %s", a.failure.name, a.what, a.way.name, a.door.name)
}

func (a *attempt) soon() (context.Context, context.CancelFunc) {
	return context.WithTimeout(a.t.Context(), patience)
}

// begin has the page transfer.
func (a *attempt) begin() {
	to := a.to
	if to == "" {
		to = "cardiology"
	}
	a.tab.Do("void crm.handOver(" + strconv.Quote(to) + ")")
}

// rings waits until a target rings, and reports whether one does. The page has had the
// response to its request then, unless that comes later than an answer.
func (a *attempt) rings() bool {
	ctx, cancel := context.WithTimeout(a.t.Context(), 1500*time.Millisecond)
	defer cancel()
	if a.service.AwaitTargets(ctx, 1) != nil {
		return false
	}
	if !slices.Contains(a.hostile, amazon.LateAnswer) {
		a.quiet(moment)
	}
	return true
}

func (a *attempt) quiet(while time.Duration) {
	ctx, cancel := a.soon()
	defer cancel()
	if err := a.service.AwaitQuiet(ctx, while); err != nil {
		a.t.Errorf("%s: it never ends: %v", a, err)
	}
}

// over waits until the page has done what it does.
func (a *attempt) over() {
	switch {
	case a.ends && !a.reloaded:
		a.tab.Await("crm.isSettled()")
		a.quiet(moment)
	case a.adopts && a.reloaded:
		a.tab.Await("crm.isCarriedOn()")
		a.quiet(moment)
	default:
		a.quiet(4 * moment)
	}
}

func (a *attempt) reload() {
	a.tab.Reload()
	a.reloaded = true
	a.tab.Await("crm.isThere()")
}

// ringFor is for how long a target may ring, in ms.
func (f failure) ringFor() string {
	if f.patient {
		return "20000"
	}
	return "2000"
}

// play plays a failure, and returns where the customer ends.
func (c *column) play(t *testing.T, f failure) string {
	a := &attempt{column: c, failure: f, t: t}
	c.service.Turn(f.hostile...)
	id := c.service.Talk(f.outbound)
	sees := "crm.contact()?.getContactId() === " + strconv.Quote(id)
	if c.sdk {
		sees = "crm.sees(" + strconv.Quote(id) + ")"
	}
	c.tab.Await("crm.isThere() && " + sees)
	c.tab.Do("crm.ringFor = " + f.ringFor())
	a.begin()
	f.people(a)
	a.over()
	return c.service.Place()
}

// TestAmazon plays what can go wrong with a transfer on Amazon Connect, side by side for
// each way to transfer and each door. All pages play at the same time: mostly they wait.
func TestAmazon(t *testing.T) {
	Need(t)
	b := Start(t, 0)
	var columns []*column
	for _, d := range []door{byWorker, byOwn} {
		for _, w := range ways {
			if !w.sdk || d.name == byOwn.name {
				columns = append(columns, openColumn(t, b, w, d))
			}
		}
	}
	var players sync.WaitGroup
	for _, c := range columns {
		players.Go(func() {
			began := time.Now()
			defer func() { t.Logf("%s through %s took %.1f s", c.way.name, c.door.name, time.Since(began).Seconds()) }()
			for _, f := range failures {
				if f.pages && c.door.name == byWorker.name || !f.often && !All() {
					continue
				}
				amazonTable.add(t, c.door, c.way, f, c.play(t, f))
			}
		})
	}
	players.Go(func() { t.Run("ours", playOurs) })
	players.Wait()
	amazonTable.tell(t)
}
