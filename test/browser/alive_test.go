package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/holdfasttest"
)

// gone is for how long the network is gone.
const gone = 20 * time.Second

// noticed is how soon the page shows that the connection to the server is lost.
const noticed = 2 * time.Second

// alive has what must not end a Streams page: afterwards its calls are answered, its
// subscriptions get events, and ana and the customer hear each other.
func alive(t *testing.T) {
	s := openStage(t, "")
	s.opens("ana", true)
	s.scene("the frame is loaded anew, with calls of Streams", func(r *row) {
		s.talk()
		s.tries("keys", `crm.leg("agent").sendDigits("1", told)`)
		loading := time.Now()
		var calls int
		s.ana.tab.Read("crm.reloads()", &calls)
		s.ana.tab.Await(fmt.Sprintf("crm.pending('reload', %d) === 0", calls/2))
		r.told = s.comesOf("keys")
		s.lives(r, loading)
		s.pressedAtMostOnce("1")
	})
	s.scene("the library ends and begins again", func(r *row) {
		s.ana.tab.Do("crm.again()")
		loading := time.Now()
		s.ana.isThere()
		s.lives(r, loading)
	})
	s.scene("the server is killed, with calls of Streams", func(r *row) {
		s.tries("keys", `crm.leg("agent").sendDigits("2", told)`)
		s.tries("hold", `crm.leg("inbound").hold(told)`)
		s.server.kill()
		s.server.start()
		started := time.Now()
		for _, name := range []string{"keys", "hold"} {
			if got := s.comesOf(name); !answered(got) {
				t.Errorf("%s: %s", name, got)
			}
		}
		s.ana.shows("talking")
		s.ana.tab.Await(`crm.agent().getState().name === "Busy"`)
		var held bool
		if s.ana.tab.Read(`crm.leg("inbound").isOnHold()`, &held); held {
			s.ana.resume()
		}
		s.lives(r, started)
		s.pressedAtMostOnce("2")
	})
	s.scene("the network is gone for 20 s, with calls of Streams", s.networkIsGone)
	s.scene("the page is frozen for 3 s", func(r *row) {
		s.ana.tab.Freeze(true)
		<-time.After(3 * time.Second)
		s.ana.tab.Freeze(false)
		s.lives(r, time.Now())
	})
	s.goodbye()
}

// answered reports whether a call was granted, or refused because ana's audio or the
// memory of the server was lost.
func answered(told string) bool {
	return told == "granted" || strings.Contains(told, "reconnect first") || strings.Contains(told, "The server was started again")
}

// networkIsGone: of two calls one is made as soon as the network is gone, and the other
// shortly before it is back. The first is refused and never performed; the second is
// answered when the page is connected again.
func (s *stage) networkIsGone(r *row) {
	s.t.Helper()
	holds := s.holds()
	mend := Cut(s.t, s.first+2, s.first+3)
	began := time.Now()
	back := time.After(gone)
	late := time.After(gone - 3*time.Second)
	s.tries("hold", `crm.leg("inbound").hold(told)`)
	r.told = "The connection to the server is lost."
	s.ana.desk().Await(`document.querySelector("[data-ref=lost]").checkVisibility()`)
	if took, stood := time.Since(began), machine.Stood(began); took > noticed+stood {
		s.t.Errorf("it shows after %v that the connection is lost, while the machine stood still for %v", took, stood)
	}
	s.hears("customer", "hold audio")
	s.away = noticed // until the server has noticed it, too
	if got := s.comesOf("hold"); !strings.Contains(got, "The server does not answer") {
		s.t.Errorf("hold: %s", got)
	}
	<-late
	s.tries("keys", `crm.leg("agent").sendDigits("3", told)`)
	<-back
	mend()
	mended := time.Now()
	if got := s.comesOf("keys"); !answered(got) {
		s.t.Errorf("keys: %s", got)
	}
	if more := s.holds() - holds; more != 0 {
		s.t.Errorf("what was refused was performed %d times", more)
	}
	s.lives(r, mended)
	s.pressedAtMostOnce("3")
}

// holds counts how often ana has put the customer on hold.
func (s *stage) holds() (n int) {
	s.t.Helper()
	for _, e := range s.history() {
		if _, is := e.(call.HoldRequested); is {
			n++
		}
	}
	return n
}

// tries makes a call of Streams without waiting for it.
func (s *stage) tries(name, call string) {
	s.t.Helper()
	s.ana.tab.Do(fmt.Sprintf("crm.trying(%q, told => %s)", name, call))
}

// comesOf waits for what comes of a call of Streams: "granted", or why not.
func (s *stage) comesOf(name string) (what string) {
	s.t.Helper()
	s.ana.tab.Await("crm.settled." + name)
	s.ana.tab.Read("crm.settled."+name, &what)
	return what
}

// lives: ana and the customer hear each other soon after a moment, the page gets events
// of agent and contact, and its calls are granted.
func (s *stage) lives(r *row, ended time.Time) {
	s.t.Helper()
	s.meet("customer", "ana")
	if r.back = max(s.back("customer", "ana", ended), s.back("ana", "customer", ended)); r.back > holdfasttest.Silence+machine.Stood(ended) {
		s.t.Errorf("ana and the customer hear each other after %v", r.back)
	}
	var before struct{ Agent, Contact int }
	s.ana.tab.Read("crm.fired", &before)
	s.ana.tab.Do("crm.hold()")
	s.ana.resume()
	s.ana.tab.Await(fmt.Sprintf("crm.fired.agent > %d && crm.fired.contact > %d", before.Agent, before.Contact))
	s.meet("customer", "ana")
	r.ended = "with the agent"
}

// pressedAtMostOnce checks that the customer has heard a key once, or not at all.
func (s *stage) pressedAtMostOnce(key string) {
	s.t.Helper()
	if digits := s.Heard("customer").Digits(); strings.Count(digits, key) > 1 {
		s.t.Errorf("the customer heard the keys %s", digits)
	}
}

// staysMuted: whatever happens to the page of an agent who is muted, nobody hears them
// until they are not, and the page shows it.
func staysMuted(t *testing.T) {
	s := openStage(t, "")
	s.opens("ana", true)
	s.talk()
	s.ana.press("talking", "mute")
	s.ana.desk().Await(isMuted)
	quiet := s.Heard("customer").Length() + glimpse
	silent := func(what string, play func()) {
		s.scene(what, func(r *row) {
			s.away = patience // a customer whose agent is muted hears nobody
			play()
			s.hears("ana", "customer")
			s.hears("ana", "customer") // the first may have been from before
			s.ana.desk().Await(isMuted)
			var sends []bool
			if s.ana.desk().Read("window.holdfastSent", &sends); len(sends) == 0 || sends[0] {
				t.Errorf("%s: the microphone is open when its track is added: %v", what, sends)
			}
			to := s.Heard("customer").Length()
			if s.Heard("customer").EverHears(s.Tone("ana"), quiet, to) {
				t.Errorf("%s: the customer hears ana: %s", what, s.Heard("customer").Summary(s.voices()))
			}
			r.ended, r.told = "with the agent, and does not hear them", "muted"
		})
	}
	silent("the page is loaded anew", func() { s.ana.tab.Reload() })
	silent("the server is killed", func() {
		s.server.kill()
		s.server.start()
	})
	silent("the second window takes over", func() {
		first := s.ana.tab
		s.ana.embedded = false
		s.ana.open(false)
		s.ana.tab.Await(`document.querySelector("[data-ref=elsewhere]").checkVisibility()`)
		s.ana.tab.Click("[data-ref=takeover]")
		first.In(s.page).Await(`document.querySelector("[data-ref=elsewhere]").checkVisibility()`)
		first.In(s.page).Await(isMuted)
	})
	s.ana.press("talking", "mute")
	s.meet("customer", "ana")
	s.goodbye()
}

// isMuted is true in a page that shows a call in which the agent is muted.
const isMuted = `document.querySelector("[data-verb=mute]")?.ariaPressed === "true"`
