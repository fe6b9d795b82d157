package e2e

import (
	"strings"
	"sync"
	"testing"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/sipua"
	"holdfast/softphone"
)

// overheard keeps the INVITEs to our targets as they went out.
type overheard struct {
	holdfast.SIPTransport

	mu      sync.Mutex
	invites []string
}

func (o *overheard) Send(m sipua.Message) error {
	if m.Kind == sipua.FirstINVITE {
		o.mu.Lock()
		o.invites = append(o.invites, m.SIP.String())
		o.mu.Unlock()
	}
	return o.SIPTransport.Send(m)
}

func (o *overheard) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.invites[len(o.invites)-1]
}

// A target sees the number that the configuration names; a trunk that may know
// is told the customer's besides, and one that may not is not.
func TestTrunkIsToldWhoReallyCalls(t *testing.T) {
	for name, told := range map[string]bool{"a trunk that may know": true, "one that may not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wire := &overheard{}
			h := open(t, func(b *holdfasttest.Bed) {
				b.Add("customer", softphone.Options{User: "+4915512345"})
				gateway := sipua.Hop{AddrPort: b.Add("cardiology", softphone.Options{}).Address()}
				b.Options.Config.Trunks = append(b.Options.Config.Trunks, config.Trunk{Name: "carrier", Gateway: gateway, Identity: told})
				b.Options.Config.Allow.Numbers = []string{"+4930"}
				b.Options.Config.Rules.CallerID = call.Endpoint{Kind: call.PhoneNumber, Address: "+4989100"}
				holdfasttest.WatchSIP(&b.Options, func(s holdfast.SIPTransport) holdfast.SIPTransport {
					wire.SIPTransport = s
					return wire
				})
			})
			h.Talk()
			h.Transfer(client.TransferRequest{Target: "+4930555"})
			h.Rung("cardiology")
			if peer := h.Call("cardiology").Peer(); !strings.HasPrefix(peer, "sip:+4989100@") {
				t.Errorf("the target sees %s calling", peer)
			}
			if says := strings.Contains(wire.last(), "P-Asserted-Identity: <sip:+4915512345@"); says != told {
				t.Errorf("the trunk is told who really calls: %t, want %t\n%s", says, told, wire.last())
			}
			h.handedOver()
		})
	}
}
