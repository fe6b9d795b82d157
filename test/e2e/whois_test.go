package e2e

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// An agent is the agent, and the customer the customer, however they are spelled.
func TestWhoIsWhoHoweverSpelled(t *testing.T) {
	t.Parallel()
	h := open(t, func(b *holdfasttest.Bed) {
		b.Options.Config.Agents = append(b.Options.Config.Agents, config.Agent{Name: "ben", Capacity: 1, NoAfterCall: true})
		b.Options.Config.Allow.Numbers = []string{"+4930"}
		b.Options.Config.Allow.Networks = append(b.Options.Config.Allow.Networks, netip.MustParsePrefix("127.0.0.0/8"))
		b.Add("customer", softphone.Options{User: "+493012345"})
	})
	h.Talk()
	ana, customer := h.Phone("ana").URI(), h.Phone("customer").Address().String()
	for target, code := range map[string]string{
		ana: "transfer-to-self", strings.Replace(ana, "sip:ana", "SIP:%61NA", 1) + ";transport=udp": "transfer-to-self",
		"+49 (30) 123-45": "transfer-to-customer", "tel:+49.30.12345": "transfer-to-customer",
		"sip:%2B493012345@" + customer: "transfer-to-customer", "sip:+49-30-12345@" + customer + ";user=phone": "transfer-to-customer",
	} {
		_, err := h.Client.Transfer(h.Soon(), h.Contact, client.TransferRequest{Target: target})
		var problem *client.Problem
		if !errors.As(err, &problem) || string(problem.Code) != code {
			t.Errorf("a transfer to %s: %v, want %s", target, err, code)
		}
	}
	h.Phone("ben").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.Transfer(client.TransferRequest{Target: h.Phone("ben").URI()})
	h.Rung("ben")
	c := h.Await(func(c call.Contact) bool { return c.Transfer != nil })
	if got, want := c.Transfer.Target(), (call.Endpoint{Kind: call.AgentEndpoint, Address: "ben"}); got != want {
		t.Errorf("the target is %+v, want %+v", got, want)
	}
	agent, err := h.Client.Agent(h.Soon(), "ben")
	if err != nil || agent.State == "available" {
		t.Errorf("while ben is rung by his address, he is %+v, %v", agent, err)
	}
	h.goodbye()
}
