package demo

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"holdfast/client"
	"holdfast/holdfasttest"
	"holdfast/password"
	"holdfast/routing"
	"holdfast/softphone"
)

// A habit is a person's behaviour for every call.
type habit struct {
	name, does string
	presses    string // a second after they have answered
	softphone.Behaviour
}

// habits are those of the possible targets of a transfer by hand.
var habits = []habit{
	{"cardiology", "answers after 2 s, and presses 1", "1", softphone.Behaviour{After: 2 * time.Second}},
	{"reception", "answers at once, and presses 1", "1", softphone.Behaviour{}},
	{"busy", "is busy", "", softphone.Behaviour{Do: softphone.Busy}},
	{"nobody", "rings, and nobody answers", "", softphone.Behaviour{Do: softphone.RingForever}},
	{"declines", "rings for a second and declines", "", softphone.Behaviour{Do: softphone.Decline, After: time.Second}},
	{"voicemail", "answers after a second and talks, but never presses a key", "", softphone.Behaviour{After: time.Second}},
}

const (
	served       = 20 * time.Second // how long a customer talks to a target
	nextCustomer = 5 * time.Second  // the pause before the next call
)

// patient are rules by which there is time to look.
const patient = `ring_for = "10s"
recall_for = "10s"
accept_within = "10s"`

// Stay leaves a server running with people around it, so that everything can be
// tried by hand, until ctx ends. So many callers are there at the same time,
// each with an agent of their own. show prints the events, until they end.
func Stay(ctx context.Context, out io.Writer, dir string, callers uint, show func(iter.Seq2[client.Event, error]) error) error {
	err := holdfasttest.Try(ctx, func(t holdfasttest.T) {
		hash, err := password.New(yourPassword)
		must(t, err)
		s := setStage(t, dir, patient, slices.Concat(cast, simulated(callers), []person{{name: you, login: hash}}))
		must(t, s.invite(out))
		var there sync.WaitGroup
		defer there.Wait()
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		for _, h := range habits {
			there.Go(func() { behave(ctx, s.Phone(h.name), h) })
		}
		for _, p := range s.people {
			if p.agent && callers > 0 {
				there.Go(func() { behave(ctx, s.Phone(p.name), habit{}) })
				there.Go(func() { s.callAgainAndAgain(ctx, p.name) })
			}
		}
		if callers > 0 {
			there.Go(func() { s.callWhenAvailable(ctx, you) })
		}
		there.Go(func() {
			if err := show(s.Client.Events(ctx, 0)); err != nil {
				fmt.Fprintln(out, err)
			}
		})
		must(t, s.keepUp(ctx, out))
	})
	if err == nil {
		fmt.Fprintf(out, "\nThe server, the phones and all calls have ended. The server's log is in %s.\n", dir)
	}
	return err
}

// You are an agent, in your browser.
const (
	you          = "you"
	yourPassword = "hand over"
)

// streamsPage is the address at which examples/streams-page is served.
const streamsPage = "http://localhost:3000"

// agentTone is the tone of the agents other than ana, in Hz: the same as hers.
const agentTone = 620

// simulated are the people who are not in the stories: targets that make a transfer
// fail, and an agent for each caller but the first, whose agent is ana.
func simulated(callers uint) []person {
	all := []person{{name: "busy"}, {name: "nobody"}, {name: "declines"}, {name: "voicemail"}}
	for n := uint(2); n <= callers; n++ {
		all = append(all, person{name: fmt.Sprint("agent", n), agent: true, Options: softphone.Options{Tone: agentTone}})
	}
	return all
}

// invite prints commands to try, in lines that can be copied.
func (s *stage) invite(out io.Writer) error {
	self := os.Args[0]
	fmt.Fprintf(out, `A server is running with simulated people around it; Ctrl-C ends them all.

Be an agent in your browser (Chromium): open http://localhost:%d/ccp-v2/
and log in as %q with the password %q. Say that you are available, and a
customer calls you. examples/streams-page and examples/amazon-connect are pages
on Amazon Connect Streams around it.

On the command line you see a customer who calls ana, who answers at once. Handed
over, customers hang up after %s, and another one calls. In another terminal, try
the following; the first "ana" is the contact that she is in.

  export HOLDFAST_SERVER=%s

`, s.page.Port(), you, yourPassword, served, s.url)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, try := range []struct{ command, what string }{
		{self + " contacts", "who is talking to each other"},
		{self + " transfer ana cardiology --wait", "cold: ana leaves when cardiology has answered"},
		{self + " transfer ana busy nobody reception --wait", "one after the other"},
		{self + " transfer ana nobody cardiology --parallel --wait", "all at once"},
		{self + " transfer ana voicemail reception --confirm --wait", "a target who answers must press 1"},
		{self + " transfer ana cardiology --kind warm --wait", "ana and cardiology talk; then swap, conference, complete"},
		{self + " transfer ana declines --kind blind --wait", "ana leaves at once, and is recalled"},
		{self + " pickup ana ana", "if the customer is parked because nobody answered"},
		{self + " end ana", "end the contact; the next customer calls"},
		{fmt.Sprintf("kill -9 %d", s.server.Process.Pid), "the server: it is started again, and no call is lost"},
	} {
		fmt.Fprintf(w, "  %s\t# %s\n", try.command, try.what)
	}
	fmt.Fprint(w, "\nThese can be handed a customer:\n\n")
	for _, h := range append(habits, habit{name: "nowhere", does: "cannot be reached"}) {
		fmt.Fprintf(w, "  %s\t%s\n", h.name, h.does)
	}
	fmt.Fprintf(w, "\nA SIP phone on this machine reaches ana as sip:help@%s. What happens:\n\n", s.SIP)
	return w.Flush()
}

// callAgainAndAgain makes a customer call an agent, as often as they have time,
// until ctx ends.
func (s *stage) callAgainAndAgain(ctx context.Context, agent string) {
	for {
		s.call(ctx, agent)
		select {
		case <-time.After(nextCustomer):
		case <-ctx.Done():
			return
		}
	}
}

// callWhenAvailable makes a customer call an agent each time that they are
// available, until ctx ends.
func (s *stage) callWhenAvailable(ctx context.Context, agent string) {
	for {
		if a, err := s.Client.Agent(ctx, agent); err == nil && a.State == routing.Available {
			s.call(ctx, agent)
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return
		}
	}
}

// call makes a customer call an agent, and talk.
func (s *stage) call(ctx context.Context, agent string) {
	if c, err := s.Phone("customer").Dial(ctx, "sip:"+agent+"@"+s.SIP.String()); err == nil {
		s.talkUntilServed(ctx, c)
	}
}

// talkUntilServed hangs up a customer's call when they have been with a target for
// a while, or have talked long enough, because recordings grow.
func (s *stage) talkUntilServed(ctx context.Context, c *softphone.Call) {
	defer c.HangUp()
	heard, enough := c.Recording(), time.After(10*time.Minute)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for waited := time.Now(); time.Since(waited) < served; {
		select {
		case <-tick.C:
		case <-enough:
			return
		case <-c.Ended():
			return
		case <-ctx.Done():
			return
		}
		now := heard.Length()
		hears := func(name string) bool { return heard.EverHears(s.Tone(name), now-time.Second, now) }
		if !slices.ContainsFunc(habits, func(h habit) bool { return hears(h.name) }) || hears("ana") {
			waited = time.Now() // with an agent, or waiting
		}
	}
}

// behave makes a person's phone follow their habit, until ctx ends.
func behave(ctx context.Context, p *softphone.Phone, h habit) {
	p.Answering(h.Behaviour)
	for {
		c, err := p.Incoming(ctx)
		if err != nil {
			return
		}
		go func() { // ends with the call
			select {
			case <-c.Answered():
			case <-c.Ended():
			}
			select {
			case <-time.After(time.Second):
				_ = c.SendDigits(h.presses)
			case <-c.Ended():
			}
		}()
	}
}

// keepUp starts the server again whenever it dies, until ctx ends.
func (s *stage) keepUp(ctx context.Context, out io.Writer) error {
	for {
		died := make(chan struct{})
		go func() { // ends with the server
			defer close(died)
			_ = s.server.Wait()
		}()
		select {
		case <-died:
		case <-ctx.Done():
			_ = s.server.Process.Kill() // it may have been interrupted, too
			<-died
			return nil
		}
		began := time.Now()
		if err := s.start(ctx); ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		fmt.Fprintf(out, "the server has died, and is back after %d ms as process %d\n",
			time.Since(began).Milliseconds(), s.server.Process.Pid)
	}
}
