package interop

import (
	"fmt"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/softphone"
)

// How a desk phone transfers by its own key.
const (
	blindKey    = "blind"
	attendedKey = "attended"       // the agent has talked to the target on a second line
	earlyKey    = "early-attended" // the target still rings on the second line
)

// Whose desk phone an agent has.
const (
	ofBaresip = "baresip"
	ofSIPp    = "SIPp"
)

// A keyStage is a stage whose agent transfers by the key of their desk phone, to the
// endpoint "target".
type keyStage struct {
	*stage
	key   string
	phone string // whose it is
	desk  desk
}

// setKeyStage has a customer talk to an agent at a desk phone. Before the server
// starts, target makes the target's phone and returns how it is called.
func setKeyStage(t *testing.T, key, phone string, target func(*keyStage) string, change func(*call.Rules)) *keyStage {
	t.Helper()
	k := &keyStage{key: key, phone: phone}
	block := uint16(ports(t))
	to := fmt.Sprintf("sip:target@127.0.0.1:%d", block)
	heard := k.startDesk(t, to)
	k.stage = newStage(t, block, k.desk.URI(), heard)
	if d, ok := k.desk.(*baresipDesk); ok {
		k.agent = d.baresip
	}
	if d, ok := k.desk.(sippDesk); ok {
		k.ears[secondLine] = &ear{audio: d.HeardSecond()}
	}
	k.open(change, config.Endpoint{Name: "target", Address: target(k)})
	k.customer.dial("sip:help@" + k.SIP.String())
	k.desk.answers()
	k.customer.awaits(Established)
	k.withDesk()
	k.Find()
	return k
}

// secondLine is who hears what the agent hears on a second line, if that has a
// recording of its own.
const secondLine = "agent, second line"

// startDesk starts the agent's phone, which transfers and calls to.
func (k *keyStage) startDesk(t *testing.T, to string) *softphone.Recording {
	t.Helper()
	if k.phone == ofBaresip {
		b := startBaresip(t, "agent", agentTone)
		k.desk = &baresipDesk{baresip: b, to: to}
		return b.heard
	}
	scenario := "consults"
	if k.key == blindKey {
		scenario = "refers"
	}
	s := startSIPp(t, scenario, to, agentTone)
	k.desk = sippDesk{s}
	return s.Heard()
}

// A keyEvent is something that can become of a transfer by a phone's key.
type keyEvent struct {
	what   string
	target func(*keyStage) string // its phone, and how that is called
	rules  func(*call.Rules)      // nil: as usual
	play   func(*keyStage)
}

var keyEvents = []keyEvent{
	{what: "target answers", target: picksUpLater, play: keyAnswered},
	{what: "target is busy", target: picksUpLater, play: keyFails("486", call.Busy, (*keyStage).targetHangsUp)},
	{what: "target declines (603)", target: declines("603 Decline"), play: keyFails("603", call.Declined, (*keyStage).targetDeclines)},
	{what: "target does not answer", target: ringsAlways, rules: ringBriefly, play: keyFails("408", call.NoAnswer, (*keyStage).targetRingsOn)},
	{what: "target cannot be reached", target: cannotBeReached, play: keyFails("480", call.Unreachable, (*keyStage).targetIsUnreachable)},
	{what: "customer leaves", target: ringsOrAnswers, play: keyCustomerLeaves},
	{what: "agent hangs up after the 202", target: picksUpLater, play: keyAgentLeaves},
}

func ringBriefly(r *call.Rules) {
	r.RingFor, r.OfferFor = call.Duration(ringShort), call.Duration(10*time.Second)
}

// picksUpLater is a baresip that rings.
func picksUpLater(k *keyStage) string {
	k.startTarget()
	return k.target.URI()
}

func (k *keyStage) isSIPp(scenario, with string) string {
	k.sipp = startSIPp(k.t, scenario, with, targetTone)
	k.ears["target"] = &ear{audio: k.sipp.Heard()}
	return k.sipp.URI()
}

func declines(status string) func(*keyStage) string {
	return func(k *keyStage) string { return k.isSIPp("declines", status) }
}

func ringsAlways(k *keyStage) string { return k.isSIPp("rings", "") }

// ringsOrAnswers: a target who is consulted has answered.
func ringsOrAnswers(k *keyStage) string {
	if k.key == attendedKey {
		return picksUpLater(k)
	}
	return ringsAlways(k)
}

// cannotBeReached: nothing is bound to the target's port. One that rings all the same
// is out of service afterwards.
func cannotBeReached(k *keyStage) string {
	if k.key == earlyKey {
		return k.isSIPp("declines", "503 Service Unavailable")
	}
	return fmt.Sprintf("sip:nobody@127.0.0.1:%d", ports(k.t))
}

// How a target does not take the customer.

func (k *keyStage) targetHangsUp() {
	k.t.Helper()
	k.target.awaits(Incoming)
	k.waits()
	k.target.hangUp()
	k.target.awaits(Closed)
}

func (k *keyStage) targetDeclines() {
	k.t.Helper()
	k.sipp.saw(">180", 1)
	k.waits()
	k.sipp.nudge()
}

func (k *keyStage) targetRingsOn() {
	k.t.Helper()
	k.sipp.saw(">180", 1)
	k.waits()
}

func (k *keyStage) targetIsUnreachable() {
	k.t.Helper()
	switch {
	case k.sipp != nil:
		k.targetDeclines()
	case k.key == attendedKey && k.phone == ofBaresip || k.key == blindKey:
		k.ears["customer"].glimpses("hold")
	}
}

// talksToTarget: the agent has called the target on a second line, and talks to them.
func (k *keyStage) talksToTarget() {
	k.t.Helper()
	k.desk.consults()
	k.pickUpRinging()
	k.desk.hasConsulted()
	k.waitsForAgent()
	k.hears(k.consulting(), "target")
	k.hears("target", "agent")
}

// consulting is who hears what is said on the agent's second line.
func (k *keyStage) consulting() string {
	if k.ears[secondLine] != nil {
		return secondLine
	}
	return "agent"
}

// waits: the customer hears hold audio, or the agent who does not hold them, for long
// enough not to be taken for a moment between two voices.
func (k *keyStage) waits() {
	k.t.Helper()
	if k.key == attendedKey {
		k.waitsForAgent()
	} else {
		k.onHold()
	}
	k.passes(moment)
}

// waitsForAgent: what the customer hears while the agent calls another. A SIPp does not
// hold: they hear the agent.
func (k *keyStage) waitsForAgent() {
	k.t.Helper()
	if k.phone == ofBaresip {
		k.onHold()
	}
}

// presses has the agent press the key. The target rings, or has answered if they are
// consulted.
func (k *keyStage) presses() {
	k.t.Helper()
	switch k.key {
	case blindKey:
		k.desk.refers()
	case attendedKey:
		k.talksToTarget()
		k.desk.handsOver()
	case earlyKey:
		k.desk.consults()
		k.waitsForAgent()
		k.desk.handsOver()
	}
	k.isAnswered("202")
}

// isAnswered: the phone's REFER gets a status.
func (k *keyStage) isAnswered(want string) {
	k.t.Helper()
	awaits(k.t, "an answer to REFER", func() bool { return k.desk.Referral().Status != "" })
	if got := k.desk.Referral().Status; got != want {
		k.t.Fatalf("REFER was answered with %s, want %s", got, want)
	}
}

// reported: what the phone is told of the transfer ends with a status.
func (k *keyStage) reported(want string) {
	k.t.Helper()
	awaits(k.t, "the last NOTIFY", func() bool { return k.desk.Referral().Ended })
	r := k.desk.Referral()
	if n := len(r.Reports); r.Reports[0] != "100" || r.Reports[n-1] != want {
		k.t.Errorf("the phone was told %s, want 100 first and %s last", r, want)
	}
}

// completed: the phone is told that the target has the customer, and they have.
func (k *keyStage) completed() {
	k.t.Helper()
	k.reported("200")
	k.isTaken()
}

// isTaken: the target has the customer, and no line of the agent's is left.
func (k *keyStage) isTaken() {
	k.t.Helper()
	k.desk.closes()
	if k.key != blindKey {
		secondEnds(k.t, k.desk)
	}
	k.withTarget()
}

func (k *keyStage) withDesk() {
	k.t.Helper()
	k.with = k.desk
	k.hearEachOther("customer", "agent")
}

// isAgents: the customer is the agent's again. A baresip hangs up when its key has
// been pressed in vain, and is recalled.
func (k *keyStage) isAgents() {
	k.t.Helper()
	where := "with the agent"
	if k.phone == ofBaresip {
		where += ", recalled"
		k.desk.closes()
		k.onHoldAlone()
		k.desk.answers()
	}
	k.withDesk()
	k.isNow(where)
}

// onHoldAlone: the customer hears hold audio and talks to nobody, for long enough not to
// be taken for a moment between two voices.
func (k *keyStage) onHoldAlone() {
	k.t.Helper()
	k.with = nil
	k.onHold()
	k.passes(moment)
}

func keyAnswered(k *keyStage) {
	k.presses()
	if k.key != attendedKey {
		k.onHold()
		k.pickUpRinging()
	}
	k.completed()
	k.goodbye()
}

func (k *keyStage) pickUpRinging() {
	k.t.Helper()
	k.target.awaits(Incoming)
	k.pickUp()
}

// keyFails: the target does not take the customer. If they have not answered the
// agent's second line either, the key names a line that has ended, and is refused.
func keyFails(status string, why call.Reason, how func(*keyStage)) func(*keyStage) {
	return func(k *keyStage) {
		if k.key == attendedKey {
			k.desk.consults()
			how(k)
			secondEnds(k.t, k.desk)
			k.hears("customer", "agent") // whom a baresip takes off hold by itself
			k.passes(moment)
			k.desk.handsOver()
			k.isAnswered("481")
		} else {
			k.presses()
			how(k)
			k.reported(status)
			k.outcome(call.TransferFailed, why)
			if k.phone == ofBaresip { // until it has hung up
				k.ears["customer"].glimpses("agent")
			}
		}
		k.isAgents()
		k.goodbye()
	}
}

// keyCustomerLeaves: agent and target may finish a consultation.
func keyCustomerLeaves(k *keyStage) {
	if k.key == attendedKey {
		k.talksToTarget()
	} else {
		k.presses()
		k.onHold()
	}
	k.neverSilent()
	k.customer.hangUp()
	k.customer.awaits(Closed)
	k.desk.closes()
	k.isNow("gone")
	switch k.key {
	case attendedKey:
		k.hears(k.consulting(), "target")
		k.hears("target", "agent")
		k.desk.hangsUpSecond()
		k.target.awaits(Closed)
	case earlyKey:
		k.reported("487")
		secondEnds(k.t, k.desk)
	case blindKey:
		k.reported("487")
	}
	k.nothingLeft()
}

// keyAgentLeaves: a phone may hang up as soon as its key is granted (RFC 5589 §6.1). A
// baresip ends its subscription then, so that it is told no more.
func keyAgentLeaves(k *keyStage) {
	k.presses()
	k.desk.hangsUp()
	k.desk.closes()
	if k.key != attendedKey {
		k.onHoldAlone()
		k.pickUpRinging()
	}
	if k.phone == ofBaresip {
		k.isTaken()
	} else {
		k.completed()
	}
	k.goodbye()
}

func (k *keyStage) goodbye() {
	k.t.Helper()
	k.saysGoodbye()
	k.nothingLeft()
}

// nothingLeft also ends the scenario of an agent's phone.
func (k *keyStage) nothingLeft() {
	k.t.Helper()
	if d, ok := k.desk.(sippDesk); ok && !(k.key == attendedKey && d.Referral().Status == "") {
		d.nudge()
		d.finishes()
	}
	k.stage.nothingLeft()
}
