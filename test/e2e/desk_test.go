package e2e

import (
	"net/netip"
	"testing"

	"holdfast/call"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/sipua"
	"holdfast/softphone"
)

// desk is a house of desk phones: ana's has a fixed address, ben's registers with a
// password. Numbers in +4930 may be called, by the gateway that is cardiology's phone.
func desk(t *testing.T, change func(*holdfasttest.Bed)) *house {
	t.Helper()
	h := open(t, func(b *holdfasttest.Bed) {
		c := &b.Options.Config
		c.SIP.Phones = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.Agents = append(c.Agents, config.Agent{Name: "ben", User: "200", Password: password, Capacity: 1, NoAfterCall: true})
		c.Trunks = append(c.Trunks, config.Trunk{Name: "carrier", Gateway: sipua.Hop{AddrPort: b.Add("cardiology", softphone.Options{}).Address()}})
		c.Allow.Numbers = []string{"+4930"}
		if change != nil {
			change(b)
		}
	})
	h.registers("ben", "200")
	return h
}

// reaches has a person dial, another answer, and both hear each other, in a contact of its
// own in which the other is the customer.
func (h *house) reaches(who, written, other string, want call.Endpoint) {
	h.t.Helper()
	b := h.For(other)
	b.Dial(who, written)
	b.Rung(other)
	b.Find()
	b.HearEachOther(who, other)
	c, err := h.Client.Contact(h.Soon(), b.Contact)
	must(h.t, err)
	if c.Customer != want || c.Agent.Address != who || c.Called != written || c.Stage != call.Talking {
		h.t.Errorf("%s calls %s: %+v", who, written, c)
	}
	b.HangUp(who)
	if c := b.Over(); c.EndedBy != call.Agent {
		h.t.Errorf("%s calls %s: ended by the %s", who, written, c.EndedBy)
	}
}

// TestDeskPhonesDial: the phones of agents, at a fixed address and with a password, call
// a number, an endpoint and each other.
func TestDeskPhonesDial(t *testing.T) {
	h := desk(t, nil)
	number := call.Endpoint{Kind: call.PhoneNumber, Address: "+4930123"}
	h.reaches("ana", "+4930123", "cardiology", number)
	h.reaches("ben", "+4930123", "cardiology", number)
	h.reaches("ben", "ana", "ana", call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"})
	h.reaches("ana", "Ben", "ben", call.Endpoint{Kind: call.AgentEndpoint, Address: "ben"})
}
