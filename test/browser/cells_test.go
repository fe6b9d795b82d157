package browser

import (
	"testing"
	"time"

	"holdfast/call"
	"holdfast/holdfasttest"
)

// A strike is what happens to an agent's page.
type strike struct {
	// begin is called before the first call.
	begin func(*stage)
	// play returns when the page had loaded again, or the server had started again.
	play func(*stage) time.Time
}

var (
	reloaded = strike{func(*stage) {}, func(s *stage) time.Time {
		s.ana.tab.Reload()
		return s.ana.tab.Loaded()
	}}
	browserKilled = strike{func(s *stage) { s.ana.saves() }, func(s *stage) time.Time {
		s.ana.browser.Kill()
		s.Hears("customer", "hold audio")
		s.ana.reopen()
		return s.ana.tab.Loaded()
	}}
	serverKilled = strike{func(*stage) {}, func(s *stage) time.Time {
		s.server.kill()
		s.server.start()
		return time.Now()
	}}
	// The page tries again less and less often.
	serverAway = strike{func(*stage) {}, func(s *stage) time.Time {
		s.server.kill()
		<-time.After(away)
		s.server.start()
		s.away = away
		return time.Now()
	}}
)

// away is for how long a server is away.
const away = 6 * time.Second

// longAway has a server that is away for longer than the customer may be in silence:
// only the time after that counts.
func longAway(t *testing.T) {
	s := openStage(t, "")
	s.opens("ana", false)
	s.scene("for six seconds, in talk", func(r *row) {
		s.talk()
		r.back = s.strikes(serverAway, func(time.Time) {}, "customer")
		r.ended = "with the agent"
		s.HangUp("customer")
		s.Idle()
	})
}

// cells plays a strike in talk, while a target rings, and in a consultation.
func cells(embedded bool, strike strike) func(*testing.T) {
	return cellsIn(setting{kind: Chromium}, embedded, strike)
}

// cellsIn is cells in any setting.
func cellsIn(in setting, embedded bool, strike strike) func(*testing.T) {
	return func(t *testing.T) {
		s := openStageIn(t, in, "")
		s.opens("ana", embedded)
		strike.begin(s)
		s.cardiology(rings)
		s.scene("in talk", func(r *row) {
			s.talk()
			r.back = s.strikes(strike, func(time.Time) {}, "customer")
			r.ended = "with the agent"
			s.ana.shot("back")
		})
		s.scene("while the target rings", func(r *row) {
			s.consults()
			target := s.Rung("cardiology")
			s.Hears("customer", "hold audio")
			r.back = s.strikes(strike, func(time.Time) {
				s.hears("customer", "hold audio")
				s.ana.shows("reaching")
				s.ana.shot("back")
				target.Answer()
			}, "cardiology")
			r.ended = "on hold with the agent"
		})
		s.scene("in a consultation", func(r *row) {
			r.back = s.strikes(strike, func(time.Time) { s.hears("customer", "hold audio") }, "cardiology")
			s.ana.shows("consulting")
			s.ana.shot("back")
			s.ana.press("consulting", "complete")
			s.meet("customer", "cardiology")
			r.ended = "on hold with the agent, then with the target"
			s.goodbye()
		})
		s.nobodyTwice()
	}
}

// consults adds cardiology to the call.
func (s *stage) consults() {
	s.t.Helper()
	if s.ana.embedded {
		s.ana.tab.Do(`crm.consult("cardiology")`)
	} else {
		s.ana.transfer("cardiology", "warm")
	}
	s.stage(call.Reaching)
}

// strikes plays a strike and what comes then. Ana and the party she talks to hear
// each other within two seconds of the end of the strike; until then the customer
// hears somebody, or hold audio. It returns how long it took.
func (s *stage) strikes(strike strike, then func(time.Time), party string) time.Duration {
	s.t.Helper()
	struck := time.Now()
	ended := strike.play(s)
	then(ended)
	s.meet(party, "ana")
	back := max(s.back(party, "ana", ended), s.back("ana", party, ended))
	if stood := machine.Stood(struck); back > holdfasttest.Silence+stood {
		s.t.Errorf("ana and %s hear each other %v after the page or the server is there again, while the machine stood still for %v", party, back, stood)
	}
	return back
}

// back is how long after the end of a strike somebody hears another again; 0 if
// they did before, or all the time.
func (s *stage) back(who, whom string, ended time.Time) time.Duration {
	s.t.Helper()
	r := s.Heard(who)
	for _, span := range r.Heard(s.Tone(whom)) {
		if len(span.Tones) > 0 && span.To > r.At(ended) {
			return max(0, span.From-r.At(ended))
		}
	}
	s.t.Errorf("%s has not heard %s since: %s", who, whom, r.Summary(s.voices()))
	return 0
}
