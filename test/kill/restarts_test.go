package kill

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// So many customers talk while a server is restarted, and so many call and hang up.
const (
	talkers = 10
	callers = 5
)

// TestRestarts restarts a server HOLDFAST_RESTARTS times by SIGTERM, and as often by
// SIGKILL, in turn. Each time the next process is started at once, while customers talk
// to agents whose phones register, all calls are recorded, a client reads events, and
// others call and hang up. It prints what the customers noticed.
func TestRestarts(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("HOLDFAST_RESTARTS"))
	if err != nil {
		t.Skip("this takes minutes: HOLDFAST_RESTARTS=50 runs it")
	}
	began := time.Now()
	h := openHouse(t)
	var terms, kills noticed
	for range n {
		h.restart(syscall.SIGTERM, &terms)
		h.restart(syscall.SIGKILL, &kills)
	}
	terms.report("SIGTERM", n)
	kills.report("SIGKILL", n)
	stood := machine.Stood(began)
	fmt.Printf("the machine stood still for %d ms\n", stood.Milliseconds())
	if longest := slices.Max(slices.Concat(terms.longest, kills.longest)); longest > holdfasttest.Silence+stood {
		t.Errorf("a customer had no audio for %s", longest)
	}
}

// noticed is what customers noticed of restarts, and what they did not.
type noticed struct{ gaps, longest, ended, ready []time.Duration }

func (r *noticed) report(signal string, n int) {
	fmt.Printf("%d restarts by %s: ms of silence of each of %d customers: %s; of the one who was without audio for the longest: %s\n",
		n, signal, talkers, distribution(r.gaps), distribution(r.longest))
	fmt.Printf("%d restarts by %s: ms until the old process had ended: %s; until the new one was ready: %s\n",
		n, signal, distribution(r.ended), distribution(r.ready))
}

// A house is a server that is restarted again and again.
type house struct {
	*holdfasttest.Bed
	t      *testing.T
	dir    string
	config string
	server *victim
	calls  []*softphone.Call // of the customers
}

// openHouse starts a server, and has everybody call.
func openHouse(t *testing.T) *house {
	t.Helper()
	h := &house{Bed: around(t), t: t, dir: t.TempDir()} // on a disk, as where it is used
	h.Add("customer", softphone.Options{})
	text := fmt.Sprintf("phones = [\"127.0.0.0/8\"]\n[media]\nrecord_dir = %q\n", filepath.Join(h.dir, "recordings"))
	agent := func(name, phone string) {
		text += fmt.Sprintf("[[agent]]\nname = %[1]q\n%[2]s\n[[route]]\ncalled = %[1]q\nagent = %[1]q\n", name, phone)
	}
	for i := range talkers {
		agent(ward(i), fmt.Sprintf("user = %q\npassword = \"hush\"", ward(i)))
	}
	for i := range callers {
		phone := h.Add(desk(i), softphone.Options{})
		phone.Answering(softphone.Behaviour{After: 100 * time.Millisecond})
		agent(desk(i), fmt.Sprintf("address = %q", phone.URI()))
	}
	if err := os.Mkdir(filepath.Join(h.dir, "recordings"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.config = writeConfig(t, h.Bed, h.dir, text)
	h.start()
	t.Cleanup(func() { _ = h.server.close() })
	for i := range talkers {
		phone := h.Add(ward(i), softphone.Options{Register: &softphone.Registration{At: h.SIP, Password: "hush"}})
		if err := phone.Registered(h.Soon()); err != nil {
			t.Fatal(err)
		}
		h.calls = append(h.calls, h.Dial("customer", ward(i)))
		h.Rung(ward(i))
	}
	h.load()
	return h
}

func ward(i int) string { return fmt.Sprintf("ward%d", i) }
func desk(i int) string { return fmt.Sprintf("desk%d", i) }

func (h *house) start() {
	h.t.Helper()
	h.server = startVictim(h.dir, h.config, "")
	if err := h.server.serves(); err != nil {
		h.t.Fatalf("%v\n%s", err, h.server.lastWords())
	}
}

// load has a client read events, and customers call and hang up, until the test ends.
func (h *house) load() {
	ctx, cancel := context.WithCancel(h.t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for range h.Client.Events(ctx, 0) { // what they are does not matter
		}
	})
	phone := h.Phone("customer")
	for i := range callers {
		running.Go(func() {
			for ctx.Err() == nil {
				dial, stop := context.WithTimeout(ctx, 5*time.Second)
				if c, err := phone.Dial(dial, "sip:"+desk(i)+"@"+h.SIP.String()); err == nil {
					<-time.After(200 * time.Millisecond)
					c.HangUp()
				}
				stop()
			}
		})
	}
	h.t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

// restart restarts the server, and notes what the customers noticed.
func (h *house) restart(signal syscall.Signal, r *noticed) {
	h.t.Helper()
	old, at := h.server, time.Now()
	if err := old.end(signal); err != nil {
		h.t.Fatal(err)
	}
	h.start()
	r.ready = append(r.ready, time.Since(at))
	<-old.stopped
	r.ended = append(r.ended, old.life(0).ended.Sub(at))
	const settled = 500 * time.Millisecond
	<-time.After(settled)
	var longest time.Duration
	for _, c := range h.calls {
		heard := c.Recording()
		gap := heard.LongestGapWithin(heard.At(at), heard.At(time.Now()))
		r.gaps, longest = append(r.gaps, gap), max(longest, gap)
	}
	r.longest = append(r.longest, longest)
}
