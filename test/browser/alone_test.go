package browser

import (
	"fmt"
	"testing"

	"holdfast/call"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// alone has an agent transfer by the buttons of the page, without a CRM.
func alone(t *testing.T) {
	aloneOn(openStage(t, ""))
}

// aloneOn is alone on a stage.
func aloneOn(s *stage) {
	s.opens("ana", false)
	s.cardiology(rings)
	s.scene("mute", s.mutes)
	s.scene("the microphone is unplugged, and there is another", s.unplugs)
	s.scene("keys", func(r *row) {
		s.ana.press("talking", "digits")
		for _, key := range "42#" {
			s.ana.desk().Click(".keypad button:nth-of-type(" + place(key) + ")")
		}
		if err := s.Heard("customer").AwaitDigits(s.Soon(), "42#"); err != nil {
			s.t.Error(err)
		}
		s.ana.shot("keypad")
		s.ana.press("talking", "digits")
		r.ended = "with the agent, and heard 42#"
	})
	s.scene("cold", func(r *row) {
		s.ana.press("talking", "transfer")
		s.ana.shot("form")
		s.ana.desk().Click("[data-ref=close]")
		target := s.asks("cold")
		target.Answer()
		s.handedOver(r, handedOver)
	})
	s.scene("warm", s.warm)
	s.scene("blind", func(r *row) {
		s.talk()
		target := s.asks("blind")
		target.Answer()
		s.handedOver(r, leftMeanwhile)
	})
	s.nobodyTwice()
}

// place is where a key is on the keypad.
func place(key rune) string {
	for i, k := range "123456789*0#" {
		if k == key {
			return fmt.Sprint(i + 1)
		}
	}
	panic("no such key")
}

func (s *stage) mutes(r *row) {
	s.t.Helper()
	s.talk()
	s.ana.press("talking", "mute")
	s.ana.desk().Await(`document.querySelector("[data-verb=mute]").ariaPressed === "true"`)
	muted := s.Heard("customer").Length() + glimpse
	s.hears("ana", "customer")
	s.ana.shot("muted")
	if to := s.Heard("customer").Length(); to-muted < glimpse || s.Heard("customer").EverHears(s.Tone("ana"), muted, to) {
		s.t.Errorf("the customer hears ana: %s", s.Heard("customer").Summary(s.voices()))
	}
	s.ana.press("talking", "mute")
	s.meet("customer", "ana")
	r.ended = "with the agent, and did not hear them"
}

// unplugs: the page uses another microphone, in the same session.
func (s *stage) unplugs(r *row) {
	s.t.Helper()
	s.talk()
	s.ana.desk().Do("holdfastUnplug()")
	r.told = "The microphone is now"
	s.ana.reads(r.told)
	s.ana.shot("another microphone")
	s.meet("customer", "ana")
	for _, e := range s.history() {
		if _, lost := e.(call.Lost); lost {
			s.t.Errorf("ana's line was lost: %+v", e)
		}
	}
	r.ended = "with the agent"
}

// asks fills in the form and waits until cardiology rings.
func (s *stage) asks(kind string) *softphone.Call {
	s.t.Helper()
	s.ana.transfer("cardiology", kind)
	target := s.Rung("cardiology")
	s.hears("customer", "hold audio")
	s.ana.shot("ringing")
	return target
}

const handedOver = "Handed over to cardiology."

// handedOver: customer and cardiology talk, and ana reads what has become of them.
func (s *stage) handedOver(r *row, told string) {
	s.t.Helper()
	s.meet("customer", "cardiology")
	r.ended, r.told = "with the target", told
	s.ana.reads(r.told)
	s.ana.shot("done")
	s.goodbye()
}

// warm: ana talks to cardiology, goes back and forth, brings everybody together, and
// leaves.
func (s *stage) warm(r *row) {
	s.t.Helper()
	s.talk()
	target := s.asks("warm")
	target.Answer()
	s.meet("ana", "cardiology")
	s.hears("customer", "hold audio")
	s.ana.shot("consulting")
	s.ana.press("consulting", "swap")
	s.meet("ana", "customer")
	s.hears("cardiology", "hold audio")
	s.ana.shot("swapped")
	s.ana.press("consulting", "join")
	s.meet("ana", "customer", "cardiology")
	s.ana.shot("all together")
	s.ana.press("consulting", "complete")
	s.handedOver(r, handedOver)
}

// twoContacts has ana take a second customer while the first is on hold.
func twoContacts(t *testing.T) {
	s := openStage(t, "")
	s.opens("ana", false)
	s.scene("the first on hold, the second in talk", func(r *row) {
		s.talk()
		s.ana.press("talking", "hold")
		s.hears("customer", "hold audio")
		second := *s
		second.Bed = s.For("the second customer")
		second.Ring("the second customer", "help")
		s.ana.accept()
		second.meet("the second customer", "ana")
		s.hears("customer", "hold audio")
		s.ana.shot("two")
		s.ana.desk().Click("article[data-held=false] [data-verb=hold]")
		second.hears("the second customer", "hold audio")
		s.ana.desk().Click("article[data-held=true] [data-verb=resume]")
		s.meet("customer", "ana")
		second.hears("the second customer", "hold audio")
		if gap := second.Heard("the second customer").LongestGap(); gap > holdfasttest.Silence {
			t.Errorf("the second customer had no audio for %v", gap)
		}
		r.ended = "with the agent again, the second on hold"
		second.HangUp("the second customer")
		s.goodbye()
	})
}

// toAnAgent has an agent in a browser hand customers over to another.
func toAnAgent(t *testing.T) {
	s := openStage(t, "")
	s.opens("ana", false)
	ben := s.opens("ben", false)
	s.scene("the other declines", func(r *row) {
		s.talk()
		s.ana.transfer("ben", "cold")
		ben.reads("ana hands a customer over")
		ben.shot("rung")
		s.hears("customer", "hold audio")
		ben.press("ringing", "reject")
		r.ended, r.told = "on hold with the agent", s.ana.told()
		s.ana.resume()
		s.meet("customer", "ana")
	})
	s.scene("warm", func(r *row) {
		s.ana.transfer("ben", "warm")
		ben.accept()
		s.meet("ana", "ben")
		s.hears("customer", "hold audio")
		ben.shot("consulted")
		s.ana.press("consulting", "complete")
		s.withBen(r)
	})
	s.scene("cold", func(r *row) {
		s.talk()
		s.ana.transfer("ben", "cold")
		s.hears("customer", "hold audio")
		ben.accept()
		s.withBen(r)
	})
}

func (s *stage) withBen(r *row) {
	s.t.Helper()
	s.meet("customer", "ben")
	s.agents["ben"].shot("has the customer")
	c := s.stage(call.Talking)
	if got := c.Past[len(c.Past)-1].Outcome; got != call.Completed {
		s.t.Errorf("the transfer is %s", got)
	}
	r.ended, r.told = "with the target", "Handed over to ben."
	s.ana.reads(r.told)
	s.goodbye()
}
