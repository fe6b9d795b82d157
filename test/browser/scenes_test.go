package browser

import (
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/softphone"
)

// A group is some scenes on one stage, one after the other.
type group struct {
	name string
	play func(*testing.T)
	all  bool // only played if All
}

var groups = []group{
	{name: "Streams, the page stays alive", play: alive}, // the longest comes first
	{name: "Streams, the calls of the brief", play: brief},
	{name: "the SDK alone", play: sdkAlone},
	{name: "Streams with holdfast-transfer", play: wholeTransfers},
	{name: "Streams, the order of a sample of AWS", play: sampleOfAWS},
	{name: "Streams, the agent is muted", play: staysMuted},
	{name: "Streams, the page is reloaded", play: cells(true, reloaded)},
	{name: "Streams, the server is killed", play: cells(true, serverKilled)},
	{name: "Streams, the browser is killed", play: cells(true, browserKilled), all: true},
	{name: "the page alone is reloaded", play: cells(false, reloaded), all: true},
	{name: "the server of the page alone is killed", play: cells(false, serverKilled), all: true},
	{name: "the browser of the page alone is killed", play: cells(false, browserKilled)},
	{name: "the server is away", play: longAway, all: true},
	{name: "the page alone", play: alone},
	{name: "two customers at once", play: twoContacts},
	{name: "to an agent in a browser", play: toAnAgent},
	{name: "what is refused", play: doors},
	{name: "the page's connection breaks", play: breaks},
	{name: "the page is closed", play: closed, all: true},
	{name: "Streams, UDP is blocked", play: answers(setting{Chromium, true}, (*CRM).Page)},
	{name: "Streams in Firefox", play: answers(setting{Firefox, false}, (*CRM).Page)},
	{name: "Streams in Firefox, UDP is blocked", play: answers(setting{Firefox, true}, (*CRM).Page), all: true},
	{name: "the SDK alone in Firefox, UDP is blocked", play: answers(setting{Firefox, true}, (*CRM).SDKPage)},
	{name: "the SDK alone in Firefox", play: answers(setting{Firefox, false}, (*CRM).SDKPage), all: true},
	{name: "the SDK alone, UDP is blocked", play: answers(setting{Chromium, true}, (*CRM).SDKPage), all: true},
	{name: "Streams in Firefox, the page is reloaded", play: cellsIn(setting{Firefox, false}, true, reloaded), all: true},
	{name: "Streams, UDP is blocked, the server is killed", play: cellsIn(setting{Chromium, true}, true, serverKilled), all: true},
	{name: "the page alone in Firefox", play: func(t *testing.T) { aloneOn(openStageIn(t, setting{kind: Firefox}, "")) }, all: true},
}

// TestScenes plays what can happen to customers whose agents work in browsers.
func TestScenes(t *testing.T) {
	Need(t)
	places := make(chan struct{}, atOnce)
	var players sync.WaitGroup
	for _, g := range groups {
		if g.all && !All() {
			continue
		}
		places <- struct{}{}
		players.Go(func() {
			defer func() { <-places }()
			t.Run(g.name, g.play)
		})
	}
	players.Wait()
	tell(t)
}

// brief has the calls of the brief in its order, or, with HOLDFAST_BRIEF, its code.
func brief(t *testing.T) {
	s := openStage(t, impatient)
	s.opens("ana", true)
	s.coldTransfers()
	for _, line := range s.ana.tab.Console() {
		if !strings.HasPrefix(line, "info: ") && !strings.HasPrefix(line, "warning: ") { // of the library, of the browser
			t.Logf("the console: %s", line)
		}
	}
}

// sdkAlone has the same calls in the words of the Amazon Connect SDK.
func sdkAlone(t *testing.T) {
	s := openStage(t, impatient)
	s.opensIn("ana", s.crm.SDKPage)
	s.coldTransfers()
	s.scene("the server is killed while it rings", s.handedOverAnyway)
	s.nobodyTwice()
}

// handedOverAnyway: the server is killed while cardiology rings. The page of the CRM
// follows cardiology's state and carries the transfer on as soon as they answer.
func (s *stage) handedOverAnyway(r *row) {
	s.t.Helper()
	s.cardiology(rings)
	s.talk()
	s.coldTransfer("cardiology")
	target := s.Rung("cardiology")
	s.server.kill()
	s.server.start()
	s.hears("ana", "ringback") // her audio is back
	target.Answer()
	s.meet("customer", "cardiology")
	s.ana.tab.Await("crm.isOver()")
	r.ended, r.told = "with the target", handedOver
	s.ana.reads(r.told)
	s.goodbye()
}

// coldTransfers has ana transfer by the page of the CRM, to targets who do not take the
// customer and to one who does.
func (s *stage) coldTransfers() {
	s.t.Helper()
	for _, fails := range []struct {
		what, target string
		does         softphone.Behaviour
		why          call.Reason
	}{
		{"target is busy", "cardiology", isBusy, call.Busy},
		{"target declines", "cardiology", declines, call.Declined},
		{"target never answers", "cardiology", rings, call.NoAnswer},
		{"target is unreachable", "nowhere", rings, call.Unreachable},
	} {
		s.scene(fails.what, func(r *row) {
			s.cardiology(fails.does)
			s.talk()
			s.coldTransfer(fails.target)
			if fails.target == "cardiology" {
				s.Rung("cardiology")
				s.ana.shot("ringing")
			}
			s.onHoldWithAna(r, fails.why)
		})
	}
	s.scene("target hangs up in the consultation", s.targetLeaves)
	s.scene("customer hangs up while it rings", s.customerLeaves)
	s.scene("target answers", s.answered)
	s.nobodyTwice()
}

// answers plays a transfer by a page of the CRM, anywhere, to a target who answers, and
// to one who is busy.
func answers(in setting, page func(c *CRM, ccp string) string) func(*testing.T) {
	return func(t *testing.T) {
		s := openStageIn(t, in, impatient)
		s.opensIn("ana", func(ccp string) string { return page(s.crm, ccp) })
		s.busyThenAnswered()
	}
}

func (s *stage) busyThenAnswered() {
	s.t.Helper()
	s.scene("target is busy", func(r *row) {
		s.cardiology(isBusy)
		s.talk()
		s.coldTransfer("cardiology")
		s.Rung("cardiology")
		s.onHoldWithAna(r, call.Busy)
		s.goodbye()
	})
	s.scene("target answers", func(r *row) {
		s.cardiology(rings)
		s.answered(r)
	})
	s.nobodyTwice()
}

// coldTransfer has the CRM transfer as the brief does.
func (s *stage) coldTransfer(target string) {
	s.t.Helper()
	s.ana.tab.Do("void crm.handOver('" + target + "')")
}

// onHoldWithAna: the transfer has failed. The customer is on hold, ana is told why,
// and talks to them again when she takes them off hold.
func (s *stage) onHoldWithAna(r *row, why call.Reason) {
	s.t.Helper()
	c := s.Await(func(c call.Contact) bool {
		return c.Transfer == nil && len(c.Past) > 0 && c.Past[len(c.Past)-1].Reason == why
	})
	if c.Stage != call.Talking {
		s.t.Errorf("the contact is %s", c.Stage)
	}
	s.hears("customer", "hold audio")
	r.ended, r.told = "on hold with the agent", s.ana.told()
	s.ana.shot("failed")
	s.ana.resume()
	s.meet("customer", "ana")
}

// targetLeaves: cardiology answers, talks to ana and hangs up.
func (s *stage) targetLeaves(r *row) {
	s.t.Helper()
	s.cardiology(rings)
	s.talk()
	s.ana.tab.Do("crm.consult('cardiology')")
	target := s.Rung("cardiology")
	target.Answer()
	s.meet("ana", "cardiology")
	s.hears("customer", "hold audio")
	s.HangUp("cardiology")
	s.onHoldWithAna(r, call.LeftEarly)
}

// customerLeaves: cardiology, who rings, is cancelled, and the page told.
func (s *stage) customerLeaves(r *row) {
	s.t.Helper()
	s.coldTransfer("cardiology")
	target := s.Rung("cardiology")
	s.Hears("customer", "hold audio")
	s.HangUp("customer")
	s.ana.tab.Await("crm.isOver()")
	<-target.Ended()
	r.ended, r.told = "gone", "The customer has left."
	s.ana.reads(r.told)
	s.ana.shot("customer gone")
	s.over()
}

// answered: cardiology has the customer, and ana hears no more of the call.
func (s *stage) answered(r *row) {
	s.t.Helper()
	s.talk()
	s.ana.shot("talking")
	s.coldTransfer("cardiology")
	target := s.Rung("cardiology")
	s.Hears("customer", "hold audio")
	target.Answer()
	s.meet("customer", "cardiology")
	s.ana.tab.Await("crm.isOver()")
	s.ana.says("Cold transfer complete")
	s.wantRequests(s.steps...)
	r.ended, r.told = "with the target", handedOver
	s.ana.reads(r.told)
	s.ana.shot("handed over")
	s.meet("customer", "cardiology")
	heard := s.Heard("ana").Length()
	s.meet("customer", "cardiology")
	if more := s.Heard("ana").Length() - heard; more > 0 {
		s.t.Errorf("ana hears %v more of the call: %s", more, s.Heard("ana").Summary(s.voices()))
	}
	s.goodbye()
}

// sampleOfAWS has the agent leave while the target rings.
func sampleOfAWS(t *testing.T) {
	s := openStage(t, impatient)
	s.opens("ana", true)
	s.scene("target answers", func(r *row) {
		s.cardiology(rings)
		target := s.leftWhileItRings()
		target.Answer()
		s.meet("customer", "cardiology")
		s.wantRequests("AcceptRequested", "TransferRequested", "DestroyRequested")
		r.ended, r.told = "with the target", leftMeanwhile
		s.goodbye()
	})
	s.scene("target is busy", func(r *row) {
		s.cardiology(softphone.Behaviour{Do: softphone.Busy, After: 2 * time.Second})
		s.leftWhileItRings()
		s.ana.reads("A customer comes back")
		r.ended, r.told = "with the agent, recalled", s.ana.told()
		s.ana.shot("recalled")
		s.ana.accept()
		s.meet("customer", "ana")
		s.goodbye()
	})
	s.scene("target does not answer, nor does the agent", func(r *row) {
		s.cardiology(rings)
		s.leftWhileItRings()
		s.stage(call.Returning)
		s.hears("customer", "hold audio")
		s.stage(call.Parked)
		s.hears("customer", "park audio")
		s.ana.shot("parked")
		s.ana.reads("A customer is parked: ")
		s.ana.desk().Click("#parked button")
		s.meet("customer", "ana")
		r.ended, r.told = "parked, then picked up", "A customer comes back"
		s.goodbye()
	})
	s.nobodyTwice()
}

const leftMeanwhile = "You left while cardiology was being called."

// leftWhileItRings: the customer talks to ana, who asks for cardiology and leaves
// at once.
func (s *stage) leftWhileItRings() *softphone.Call {
	s.t.Helper()
	s.talk()
	s.ana.tab.Do("crm.quickConnect('cardiology').then(crm.sampleTransfer)")
	target := s.Rung("cardiology")
	s.ana.reads(leftMeanwhile)
	s.hears("customer", "hold audio")
	s.ana.shot("left")
	return target
}
