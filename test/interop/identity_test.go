package interop

import (
	"testing"

	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// After a hand-over the phone of the agent who has the customer then is shown who that is,
// by UPDATE if it allows that and else by re-INVITE. It was called by the number of the
// house.
func TestSIPpLearnsWhoItTalksTo(t *testing.T) {
	for _, method := range []string{"UPDATE", "INVITE"} {
		t.Run(method, func(t *testing.T) {
			Need(t, "sipp")
			t.Parallel()
			ben := startSIPp(t, "learns", method, targetTone)
			bed := holdfasttest.Start(t, func(b *holdfasttest.Bed) {
				b.Add("customer", softphone.Options{User: "+4915512345"})
				c := &b.Options.Config
				c.Rules.CallerID = call.Endpoint{Kind: call.PhoneNumber, Address: "+4989100"}
				c.Agents = append(c.Agents, config.Agent{Name: "ben", Address: ben.URI()})
			})
			bed.Talk()
			bed.Transfer(client.TransferRequest{Target: "ben"})
			bed.Ended("ana")
			ben.saw("<"+method, map[string]int{"UPDATE": 1, "INVITE": 2}[method])
			bed.HangUp("customer")
			bed.Over()
			ben.finishes()
		})
	}
}
