package e2e

import (
	"context"
	"errors"
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
	ben := phone(t, "ben", benTone)
	h := openHouse(t, queueOf(t, ben, `"ana", "ben"`))
	const crowd = 12
	brief := softphone.Behaviour{After: 50 * time.Millisecond, HangUpAfter: 300 * time.Millisecond}
	var served sync.WaitGroup
	served.Add(crowd)
	for _, p := range []*softphone.Phone{h.ana, ben} {
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
	for range crowd {
		go func() {
			_, _ = phone(t, "customer", customerTone).Dial(t.Context(), "sip:help@"+h.SIPAddress().String())
		}()
	}
	served.Wait()
	noContacts(t, h)
	agents, err := h.client.Agents(soon(t))
	if err != nil || len(agents) != 2 || agents[0].State != "available" || len(agents[0].Segments) > 0 {
		t.Errorf("afterwards the agents are %+v, %v", agents, err)
	}
}

// Who has a customer is rung for no other, be it that they are called, or that
// somebody shall be handed over to them.
func TestAgentIsBusy(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.talk(t)
	var refused *softphone.Refused
	if _, err := phone(t, "second", 520).Dial(soon(t), "sip:help@"+h.SIPAddress().String()); !errors.As(err, &refused) || refused.Status != 486 {
		t.Errorf("the second caller: %v, want 486", err)
	}
	agent, err := h.client.Agent(soon(t), "ana")
	if err != nil || agent.State != "busy" || agent.Segments[0].Contact != h.contact {
		t.Errorf("ana is %+v, %v", agent, err)
	}
	h.customerCall.HangUp()
	ended(t, h.anaCall)
	noContacts(t, h)
}

// An agent who is not ready is rung by nobody, also after a restart.
func TestAgentNotReady(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	if a, err := h.client.SetStatus(soon(t), "ana", routing.Status{State: routing.NotReady, Reason: "lunch"}); err != nil || a.State != routing.NotReady || a.Status.Reason != "lunch" {
		t.Fatalf("ana is %+v, %v", a, err)
	}
	if err := h.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.open(t)
	call := func() error {
		c, err := h.customer.Dial(soon(t), "sip:help@"+h.SIPAddress().String())
		if err == nil {
			c.HangUp()
		}
		return err
	}
	if err := call(); err == nil {
		t.Error("ana, who is at lunch, was rung")
	}
	if _, err := h.client.SetStatus(soon(t), "Ana", routing.Status{State: routing.Available}); err != nil {
		t.Fatal(err)
	}
	if err := call(); err != nil {
		t.Errorf("ana, who is back, was not rung: %v", err)
	}
	noContacts(t, h)
	var problem *client.Problem
	if _, err := h.client.SetStatus(soon(t), "anna", routing.Status{State: routing.Available}); !errors.As(err, &problem) || problem.Status != http.StatusNotFound {
		t.Errorf("anna, whom nobody knows: %v", err)
	}
}
