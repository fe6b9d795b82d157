package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// A pair is two phones with many calls between them.
type pair struct {
	name             string
	customer, agents *softphone.Phone
	answered         []*softphone.Call // at the agents' phone
}

// TestPhonesThatAreGone: of 100 calls both phones vanish, of others the customer's while
// the agent talks. Before that, phones that are only mute keep their calls; in the end, no
// contact, line, port and goroutine is left. HOLDFAST_GONE=real plays it with the times
// that the configuration has, and with 100 who talk, which takes three minutes.
func TestPhonesThatAreGone(t *testing.T) {
	calls, talks := 100, 10
	askAfter, t1 := time.Second, 50*time.Millisecond
	if os.Getenv("HOLDFAST_GONE") == "real" {
		talks, askAfter, t1 = 100, 30*time.Second, 500*time.Millisecond
	}
	answerWithin := 64 * t1
	both, one := &pair{name: "both"}, &pair{name: "one"}
	perPhone := 0
	h := open(t, func(b *holdfasttest.Bed) {
		c := &b.Options.Config
		c.SIP.AskAfter, c.SIP.T1 = askAfter, t1
		c.Agents, c.Routes, c.Endpoints = nil, nil, nil
		without := ourGoroutines()
		b.Add("customer", softphone.Options{})
		perPhone = ourGoroutines() - without
		both.start(b, calls, softphone.Options{Late: time.Hour}) // mute
		one.start(b, talks, softphone.Options{})
	})
	sockets, goroutines := udpSockets(t), ourGoroutines()
	both.talk(t, h, calls)
	one.talk(t, h, talks)
	<-time.After(askAfter + answerWithin + 2*time.Second) // nothing is to happen
	if n, want := h.Server.LegCount(), 2*(calls+talks); n != want {
		t.Fatalf("%d of %d lines are there while everybody answers: %s", n, want, h.lost())
	}

	start := time.Now()
	for _, p := range []*softphone.Phone{both.customer, both.agents, one.customer} {
		vanish(t, p)
	}
	const busy = 10 * time.Second // what a busy machine may need besides; TestAnHourOfSilence is exact
	none := func(what string, limit time.Duration, count func() int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		for n := count(); n > 0 && ctx.Err() == nil; n = count() {
			<-time.After(10 * time.Millisecond)
		}
		if n := count(); n > 0 {
			t.Errorf("after %s %d %s are left", time.Since(start).Round(time.Second), n, what)
		}
		t.Logf("no %s after %s", what, time.Since(start).Round(100*time.Millisecond))
	}
	none("contacts", askAfter+time.Second+answerWithin+busy, func() int {
		return len(slices.DeleteFunc(h.Server.Contacts(), func(c call.Contact) bool { return c.Stage == call.Over }))
	})
	for _, c := range one.answered {
		if by := c.EndedBy(); by != softphone.Peer {
			t.Errorf("the call of an agent whose customer has vanished was ended by %q: %v", by, c.Err())
		}
	}
	none("legs", answerWithin+busy, h.Server.LegCount)
	one.agents.Close()
	none("ports", busy, func() int { return udpSockets(t) - (sockets - 1) }) // three sockets stand where three of the phones were
	none("goroutines", busy, func() int { return ourGoroutines() - (goroutines - 4*perPhone) })
}

// lost returns why lines were lost.
func (h *house) lost() (why []string) {
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Second)
	defer cancel()
	for e, err := range h.Server.Events(ctx, 0) {
		if err != nil {
			return why
		}
		for _, ev := range e.Events {
			if lost, is := ev.Event.(call.Lost); is {
				why = append(why, fmt.Sprintf("%s: connection %d: %s", e.Contact.ID, lost.Connection, lost.Detail))
			}
		}
	}
	return why
}

// start adds the two phones of a pair, and one agent for each call.
func (p *pair) start(b *holdfasttest.Bed, calls int, o softphone.Options) {
	p.customer, p.agents = b.Add(p.name+"-customer", o), b.Add(p.name+"-agents", o)
	c := &b.Options.Config
	for i := range calls {
		name := fmt.Sprintf("%s-%d", p.name, i)
		c.Agents = append(c.Agents, config.Agent{Name: name, Address: p.agents.URI(), Capacity: 1, NoAfterCall: true})
		c.Routes = append(c.Routes, config.Route{Called: name, Agent: name})
	}
}

// talk makes the calls, a few at the same time: a server that is asked for more than its
// disk takes turns them away.
func (p *pair) talk(t *testing.T, h *house, calls int) {
	t.Helper()
	ctx := h.Soon()
	var dialling sync.WaitGroup
	next := make(chan int)
	for range 4 {
		dialling.Go(func() {
			for i := range next {
				p.dial(ctx, t, fmt.Sprintf("sip:%s-%d@%s", p.name, i, h.SIP))
			}
		})
	}
	for i := range calls {
		next <- i
	}
	close(next)
	dialling.Wait()
	for range calls {
		c, err := p.agents.Incoming(ctx)
		must(t, err)
		p.answered = append(p.answered, c)
	}
}

func (p *pair) dial(ctx context.Context, t *testing.T, uri string) {
	for {
		_, err := p.customer.Dial(ctx, uri)
		if err == nil {
			return
		}
		if refused := new(softphone.Refused); !errors.As(err, &refused) || refused.Status != 503 {
			t.Error(err)
			return
		}
		<-time.After(100 * time.Millisecond)
	}
}

// vanish switches a phone off, and has what is sent to it swallowed: where there is no
// phone any more, nobody says so.
func vanish(t *testing.T, p *softphone.Phone) {
	t.Helper()
	p.Close()
	hole, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(p.Address()))
	must(t, err)
	t.Cleanup(func() { hole.Close() })
}

// ourGoroutines is how many goroutines of this process were started by a package of ours,
// and not by the journal's server.
func ourGoroutines() int {
	module := strings.TrimSuffix(reflect.TypeFor[house]().PkgPath(), "/test/e2e")
	stacks := make([]byte, 16<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "\ncreated by "+module)
}

// udpSockets is how many UDP sockets this process has.
func udpSockets(t *testing.T) (n int) {
	t.Helper()
	ours := map[string]bool{}
	fds, err := filepath.Glob("/proc/self/fd/*")
	must(t, err)
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil {
			ours[strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")] = true
		}
	}
	for _, table := range []string{"/proc/self/net/udp", "/proc/self/net/udp6"} {
		lines, err := os.ReadFile(table)
		must(t, err)
		for line := range strings.Lines(string(lines)) {
			if f := strings.Fields(line); len(f) > 9 && ours[f[9]] {
				n++
			}
		}
	}
	return n
}
