package flood

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

	mu      sync.Mutex
	dialled []*softphone.Call // at the customers'
}

// A vanishing is a server and three pairs: of one both phones vanish, of the others one
// phone while the other talks.
type vanishing struct {
	*holdfasttest.Bed
	t                               *testing.T
	both, customersGone, agentsGone *pair
	calls, talks                    int           // of both, and of each of the others
	askAfter, answerWithin          time.Duration // before a phone is known to be gone
	sockets, goroutines             int           // before any call
	perPhone                        int           // goroutines
	start                           time.Time     // when phones vanished
}

// busy is what a busy machine may need besides; TestAnHourOfSilence is exact.
const busy = 10 * time.Second

// TestPhonesThatAreGone: of 100 calls both phones vanish, of others the customer's while
// the agent talks, or the agent's while the customer talks. Before that, phones that are
// only mute keep their calls; only lost lines end; and in the end, no contact, line, port
// and goroutine is left. If it may take long, the times are those of the configuration, and
// there are 100 calls of each kind.
func TestPhonesThatAreGone(t *testing.T) {
	wanted(t)
	v := &vanishing{t: t, calls: 100, talks: 10, askAfter: time.Second}
	t1 := 40 * time.Millisecond
	if isLong() {
		v.talks, v.askAfter, t1 = 100, 30*time.Second, 500*time.Millisecond
	}
	v.answerWithin = 64 * t1
	v.begin(t1)
	<-time.After(v.askAfter + v.answerWithin + time.Second) // nothing is to happen
	if n, want := v.Server.LegCount(), 2*(v.calls+2*v.talks); n != want {
		t.Fatalf("%d of %d lines are there while everybody answers: %s", n, want, v.lost())
	}

	v.start = time.Now()
	for _, p := range []*softphone.Phone{v.both.customer, v.both.agents, v.customersGone.customer, v.agentsGone.agents} {
		vanish(t, p)
	}
	noticed := v.askAfter + time.Second + v.answerWithin + busy
	v.none("contacts without a customer", noticed, func() int { return v.contacts(v.both, v.customersGone) })
	v.stay(v.customersGone.answered, softphone.Peer)
	v.none("customers whose agent is missed", noticed, func() int { return v.talks - v.parked() })
	v.stay(v.agentsGone.dialled, "")
	for _, c := range v.agentsGone.dialled {
		c.HangUp()
	}
	v.none("contacts", busy, func() int { return v.contacts(v.both, v.customersGone, v.agentsGone) })
	v.none("legs", v.answerWithin+busy, v.Server.LegCount)
	v.customersGone.agents.Close()
	v.agentsGone.customer.Close()
	v.none("ports", busy, func() int { return udpSockets(t) - (v.sockets - 2) }) // four sockets stand where four of six phones were
	v.none("goroutines", busy, func() int { return ourGoroutines() - (v.goroutines - 6*v.perPhone) })
}

// begin starts the server and makes the calls.
func (v *vanishing) begin(t1 time.Duration) {
	v.t.Helper()
	v.both, v.customersGone, v.agentsGone = &pair{name: "both"}, &pair{name: "customers"}, &pair{name: "agents"}
	v.Bed = holdfasttest.Start(v.t, func(b *holdfasttest.Bed) {
		c := &b.Options.Config
		c.SIP.AskAfter, c.SIP.T1 = v.askAfter, t1
		c.Agents, c.Routes, c.Endpoints = nil, nil, nil
		without := ourGoroutines()
		b.Add("customer", softphone.Options{})
		v.perPhone = ourGoroutines() - without
		v.both.start(b, v.calls, softphone.Options{Late: time.Hour}) // mute
		v.customersGone.start(b, v.talks, softphone.Options{})
		v.agentsGone.start(b, v.talks, softphone.Options{})
	})
	v.sockets, v.goroutines = udpSockets(v.t), ourGoroutines()
	v.both.talk(v.t, v.Bed, v.calls)
	v.customersGone.talk(v.t, v.Bed, v.talks)
	v.agentsGone.talk(v.t, v.Bed, v.talks)
}

// none waits until none are left, and prints how long after the phones vanished that was.
func (v *vanishing) none(what string, limit time.Duration, count func() int) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), limit)
	defer cancel()
	for n := count(); n > 0; n = count() {
		select {
		case <-ctx.Done():
			v.t.Fatalf("after %s %d %s are left", time.Since(v.start).Round(time.Second), n, what)
		case <-time.After(10 * time.Millisecond):
		}
	}
	v.t.Logf("no %s after %s", what, time.Since(v.start).Round(100*time.Millisecond))
}

// contacts is how many contacts of these pairs are not over.
func (v *vanishing) contacts(of ...*pair) (n int) {
	for _, c := range v.Server.Contacts() {
		if c.Stage != call.Over && slices.ContainsFunc(of, func(p *pair) bool { return strings.HasPrefix(c.Called, "sip:"+p.name+"-") }) {
			n++
		}
	}
	return n
}

// parked is how many customers have lost their agent.
func (v *vanishing) parked() (n int) {
	for _, c := range v.Server.Contacts() {
		if c.Stage == call.Parked {
			n++
		}
	}
	return n
}

// stay checks that calls were ended at that hand; empty: at none.
func (v *vanishing) stay(calls []*softphone.Call, by softphone.End) {
	v.t.Helper()
	for _, c := range calls {
		if by != "" {
			select {
			case <-c.Ended():
			case <-time.After(busy):
			}
		}
		if got := c.EndedBy(); got != by {
			v.t.Errorf("the call of somebody whose other party has vanished was ended by %q, want %q: %v", got, by, c.Err())
		}
	}
}

// lost returns why lines were lost.
func (v *vanishing) lost() (why []string) {
	ctx, cancel := context.WithTimeout(v.t.Context(), time.Second)
	defer cancel()
	for e, err := range v.Server.Events(ctx, 0) {
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
func (p *pair) talk(t *testing.T, bed *holdfasttest.Bed, calls int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var dialling sync.WaitGroup
	next := make(chan int)
	for range 4 {
		dialling.Go(func() {
			for i := range next {
				p.dial(ctx, t, fmt.Sprintf("sip:%s-%d@%s", p.name, i, bed.SIP))
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
		if err != nil {
			t.Fatal(err)
		}
		p.answered = append(p.answered, c)
	}
}

func (p *pair) dial(ctx context.Context, t *testing.T, uri string) {
	for {
		c, err := p.customer.Dial(ctx, uri)
		if err == nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.dialled = append(p.dialled, c)
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
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hole.Close() })
}

// ourGoroutines is how many goroutines of this process were started by a package of ours,
// and not by the journal's server.
func ourGoroutines() int {
	module := strings.TrimSuffix(reflect.TypeFor[vanishing]().PkgPath(), "/test/flood")
	stacks := make([]byte, 16<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "\ncreated by "+module)
}

// udpSockets is how many UDP sockets this process has.
func udpSockets(t *testing.T) (n int) {
	t.Helper()
	ours := map[string]bool{}
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil {
			ours[strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")] = true
		}
	}
	for _, table := range []string{"/proc/self/net/udp", "/proc/self/net/udp6"} {
		lines, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(lines)) {
			if f := strings.Fields(line); len(f) > 9 && ours[f[9]] {
				n++
			}
		}
	}
	return n
}
