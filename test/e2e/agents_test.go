package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"holdfast/client"
	"holdfast/routing"
	"holdfast/softphone"
)

// A crowd calls a queue of two at once. Each agent's phone rings for one of them
// at a time, and everybody gets to talk to somebody.
func TestTwoContactsNeverTakeOneAgent(t *testing.T) {
	h := open(t, queueOf("ana", "ben"))
	const crowd = 12
	brief := softphone.Behaviour{After: 50 * time.Millisecond, HangUpAfter: 300 * time.Millisecond}
	var served sync.WaitGroup
	served.Add(crowd)
	for _, name := range []string{"ana", "ben"} {
		p := h.Phone(name)
		p.Answering(brief)
		go func() { // ends with the phone
			var last *softphone.Call
			for {
				c, err := p.Incoming(t.Context())
				if err != nil {
					return
				}
				if last != nil && last.EndedBy() == "" {
					t.Errorf("%s is rung by %s while it has the call of %s", p.URI(), c.Peer(), last.Peer())
				}
				last = c
				served.Done()
			}
		}()
	}
	for i := range crowd {
		p := h.Add(fmt.Sprint("customer", i), softphone.Options{})
		go func() { // ends with the phone
			_, _ = p.Dial(t.Context(), "sip:help@"+h.SIP.String())
		}()
	}
	served.Wait()
	h.Idle()
	agents, err := h.Client.Agents(h.Soon())
	if err != nil || len(agents) != 2 || agents[0].State != "available" || len(agents[0].Segments) > 0 {
		t.Errorf("afterwards the agents are %+v, %v", agents, err)
	}
}

// Who has a customer is rung for no other, be it that they are called, or that
// somebody shall be handed over to them.
func TestAgentIsBusy(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Talk()
	var refused *softphone.Refused
	if _, err := h.Add("second", softphone.Options{}).Dial(h.Soon(), "sip:help@"+h.SIP.String()); !errors.As(err, &refused) || refused.Status != 486 {
		t.Errorf("the second caller: %v, want 486", err)
	}
	agent, err := h.Client.Agent(h.Soon(), "ana")
	if err != nil || agent.State != "busy" || agent.Segments[0].Contact != h.Contact {
		t.Errorf("ana is %+v, %v", agent, err)
	}
	h.goodbye()
}

// An agent who is not ready is rung by nobody, also after a restart.
func TestAgentNotReady(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	if a, err := h.Client.SetStatus(h.Soon(), "ana", routing.Status{State: routing.NotReady, Reason: "lunch"}); err != nil || a.State != routing.NotReady || a.Status.Reason != "lunch" {
		t.Fatalf("ana is %+v, %v", a, err)
	}
	h.Restart()
	call := func() error {
		c, err := h.Phone("customer").Dial(h.Soon(), "sip:help@"+h.SIP.String())
		if err == nil {
			c.HangUp()
		}
		return err
	}
	if err := call(); err == nil {
		t.Error("ana, who is at lunch, was rung")
	}
	h.granted(h.Client.SetStatus(h.Soon(), "Ana", routing.Status{State: routing.Available}))
	if err := call(); err != nil {
		t.Errorf("ana, who is back, was not rung: %v", err)
	}
	h.Idle()
	var problem *client.Problem
	if _, err := h.Client.SetStatus(h.Soon(), "anna", routing.Status{State: routing.Available}); !errors.As(err, &problem) || problem.Status != http.StatusNotFound {
		t.Errorf("anna, whom nobody knows: %v", err)
	}
}
