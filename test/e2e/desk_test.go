package e2e

import (
	"errors"
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

// TestDeskPhoneOverTCP: a phone that registers over TCP proves its password on the same
// connection, and is in a call after a restart that has broken it.
func TestDeskPhoneOverTCP(t *testing.T) {
	h := desk(t, func(b *holdfasttest.Bed) { b.Options.Config.SIP.Transports = []sipua.Transport{sipua.TCP} })
	h.Add("ben", softphone.Options{
		User: "200", Transport: sipua.TCP, Register: &softphone.Registration{At: h.SIP, Password: password},
	})
	must(t, h.Phone("ben").Registered(h.Soon()))
	b := h.For("cardiology")
	b.Dial("ben", "+4930123")
	b.Rung("cardiology")
	b.Find()
	b.HearEachOther("ben", "cardiology")
	h.Restart()
	b.Server = h.Server
	b.HearEachOther("ben", "cardiology")
	b.HangUp("ben")
	b.Over()
}

// TestWhatTheDialledPartyDoes: the phone gets the status of the party that it has called.
func TestWhatTheDialledPartyDoes(t *testing.T) {
	h := desk(t, nil)
	for _, test := range []struct {
		dialled string
		refuse  int // what cardiology answers
		want    int
	}{
		{"cardiology", 486, 486},
		{"cardiology", 603, 603},
		{"cardiology", 404, 404},
		{"cardiology", 503, 480},
		{"nowhere", 0, 480},
		{"ben", 0, 480}, // whose phone has left
	} {
		h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Action(test.refuse)})
		if test.dialled == "ben" {
			must(t, h.Phone("ben").Unregister(h.Soon()))
		}
		_, err := h.Phone("ana").Dial(h.Soon(), "sip:"+test.dialled+"@"+h.SIP.String())
		if refused, is := errors.AsType[*softphone.Refused](err); !is || refused.Status != test.want {
			t.Errorf("%s, who answers %d: %v, want %d", test.dialled, test.refuse, err, test.want)
		}
		h.Idle()
	}
}

// TestPhoneGivesUp: an agent who hangs up before the answer leaves no line behind, and the
// called phone stops ringing.
func TestPhoneGivesUp(t *testing.T) {
	h := desk(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.Ring("ana", "cardiology")
	rung := h.Rung("cardiology")
	<-h.Call("ana").Rang()
	h.Find()
	h.HangUp("ana")
	<-rung.Ended()
	if c := h.Await(func(c call.Contact) bool { return c.Stage == call.Over }); c.EndedBy != call.Agent || !c.Answered.IsZero() {
		t.Errorf("ended by the %s (%s)", c.EndedBy, c.EndReason)
	}
	h.Idle()
}

// TestConsultationByPhone: ana's phone holds a customer and calls ben on its second line.
// The customer hears hold audio, ana and ben hear each other, and after ben has hung up ana
// has the customer again.
func TestConsultationByPhone(t *testing.T) {
	h := desk(t, nil)
	h.Talk()
	first, customer := h.Call("ana"), h.Contact
	must(t, first.Hold(h.Soon()))
	h.Hears("customer", "hold audio")

	h.Dial("ana", "ben")
	h.Rung("ben")
	h.HearEachOther("ana", "ben")
	h.HearsOnly("customer", "hold audio")
	if all, err := h.Client.Contacts(h.Soon()); err != nil || len(all) != 2 {
		t.Errorf("%d contacts: %v", len(all), err)
	}
	h.HangUp("ben")
	h.Ended("ana")
	must(t, first.Resume(h.Soon()))
	must(t, first.Recording().AwaitTones(h.Soon(), h.Tone("customer")))
	h.Hears("customer", "ana")
	h.Contact = customer
	h.HangUp("customer")
	<-first.Ended()
	h.Idle()
}

// TestDialledCallSurvivesARestart: while the dialled phone rings, and while both talk.
func TestDialledCallSurvivesARestart(t *testing.T) {
	h := desk(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
	b := h.For("cardiology")
	call := b.Ring("ben", "cardiology")
	rung := b.Rung("cardiology")
	<-call.Rang()
	h.Restart()
	b.Server = h.Server
	rung.Answer()
	<-call.Answered()
	b.Find()
	b.HearEachOther("ben", "cardiology")
	h.Restart()
	b.HearEachOther("ben", "cardiology")
	b.HangUp("cardiology")
	b.Over()
}
