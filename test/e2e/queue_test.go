package e2e

import (
	"testing"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// queueOf has whoever calls wait in a queue for these agents.
func queueOf(agents ...string) func(*holdfasttest.Bed) {
	return func(b *holdfasttest.Bed) {
		c := &b.Options.Config
		c.Rules.OfferFor = call.Duration(time.Second)
		c.Agents = append(c.Agents, config.Agent{Name: "ben", Capacity: 1, NoAfterCall: true})
		c.Queues = []config.Queue{{Name: "sales", Agents: agents, OfferFor: call.Duration(2 * time.Second)}}
		c.Routes = []config.Route{{Called: "*", Queue: "sales"}}
	}
}

// calls has another customer call, who is answered when somebody is found or
// queue audio begins.
func (h *house) calls(who string) {
	h.t.Helper()
	h.Add(who, softphone.Options{})
	h.Dial(who, "help")
}

// A queue rings one agent for one customer, and the next customer for whoever is
// free; who must wait hears audio until somebody is.
func TestQueue(t *testing.T) {
	t.Parallel()
	h := open(t, queueOf("ana", "ben"))
	h.calls("first")
	h.Rung("ana")
	h.Hears("first", "ana")
	h.calls("second")
	h.Rung("ben")
	h.Hears("second", "ben")
	h.calls("third") // hears queue audio when ringing has been long enough
	h.Hears("third", "queue audio")
	h.calls("fourth")
	h.Hears("fourth", "queue audio")

	h.HangUp("second")
	h.Ended("ben")
	h.Rung("ben")
	h.Hears("third", "ben") // who came first
	h.HangUp("first")
	h.Ended("ana")
	h.Rung("ana")
	h.Hears("fourth", "ana")
	h.HangUp("third", "fourth")
	h.Ended("ana", "ben")
	h.Idle()
}

// Who does not answer is offered nobody any more; the next one is.
func TestQueueMissed(t *testing.T) {
	t.Parallel()
	h := open(t, queueOf("ana", "ben"))
	h.Phone("ana").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.calls("customer")
	h.Rung("ana")
	h.Rung("ben")
	h.Ended("ana")
	h.Hears("customer", "ben")
	h.HangUp("customer")
	h.Ended("ben")
	h.Idle()
}

// Who says that they are busy is left in peace, and the next one is asked at once.
func TestQueueBusy(t *testing.T) {
	t.Parallel()
	h := open(t, queueOf("ana", "ben"))
	h.Phone("ana").Answering(softphone.Behaviour{Do: softphone.Busy})
	began := time.Now()
	h.calls("customer")
	h.Hears("customer", "ben")
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("ben was asked after %v", took)
	}
	h.HangUp("customer")
	h.Idle()
}

// After a restart everybody waits where they waited, and agents are as they were.
func TestQueueRestart(t *testing.T) {
	t.Parallel()
	h := open(t, queueOf("ben"))
	h.calls("first")
	h.Rung("ben")
	h.Hears("first", "ben")
	h.calls("second")
	h.Hears("second", "queue audio")
	h.calls("third")
	h.Hears("third", "queue audio")
	h.Restart()
	h.Hears("third", "queue audio")
	h.HangUp("first")
	h.Ended("ben")
	h.Rung("ben")
	h.Hears("second", "ben")
	h.HangUp("second")
	h.Ended("ben")
	h.Rung("ben")
	h.Hears("third", "ben")
	h.HangUp("third")
	h.Idle()
}
