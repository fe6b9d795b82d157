package e2e

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/holdfasttest"
	"holdfast/sipua"
	"holdfast/softphone"
)

// replaces has a person's phone call in the place of another call, and returns the status
// of the refusal, or 0.
func (h *house) replaces(who string, other sipua.Replaces) (*softphone.Call, int) {
	h.t.Helper()
	c, err := h.Phone(who).RingReplacing("sip:"+h.SIP.String(), other)
	must(h.t, err)
	select {
	case <-c.Answered():
		return c, 0
	case <-c.Ended():
	case <-h.Soon().Done():
		h.t.Fatalf("%s gets no response", who)
	}
	refused, is := errors.AsType[*softphone.Refused](c.Err())
	if !is {
		h.t.Fatalf("%s: %v", who, c.Err())
	}
	return c, refused.Status
}

// TestAnotherPhoneGoesOn: ben goes on with a call on another phone of his. The first one
// ends, the other party hears him without a break, and a restart changes nothing.
func TestAnotherPhoneGoesOn(t *testing.T) {
	h := desk(t, nil)
	h.Add("headset", softphone.Options{User: "200", Register: &softphone.Registration{At: h.SIP, Password: password}})
	b := h.For("cardiology")
	first := b.Dial("ben", "cardiology")
	b.Rung("cardiology")
	b.Find()
	b.HearEachOther("ben", "cardiology")

	second, status := h.replaces("headset", first.Named())
	if status != 0 {
		t.Fatalf("the other phone gets %d", status)
	}
	<-first.Ended()
	if reason := first.Reason(); first.EndedBy() != softphone.Peer || !strings.Contains(reason, "completed elsewhere") {
		t.Errorf("the first phone is told %q", reason)
	}
	both := func() {
		t.Helper()
		must(t, second.Recording().AwaitTones(h.Soon(), h.Tone("cardiology")))
		b.Hears("cardiology", "headset")
	}
	both()
	h.Restart()
	b.Server = h.Server
	both()
	c, err := h.Client.Contact(h.Soon(), b.Contact)
	if must(t, err); len(c.Connections) != 2 || c.Stage != call.Talking || c.Agent.Address != "ben" {
		t.Errorf("the contact is %+v", c)
	}
	second.HangUp()
	b.Over()
}

// TestAnotherPhonePicksUp: ben's phone rings, and he picks the call up with another.
func TestAnotherPhonePicksUp(t *testing.T) {
	h := desk(t, nil)
	h.Add("headset", softphone.Options{User: "200", Credentials: []sipua.Credentials{{
		Peers: []netip.Prefix{netip.PrefixFrom(h.SIP.Addr(), 32)}, User: "200", Password: password,
	}}})
	h.Phone("ben").Answering(softphone.Behaviour{Do: softphone.RingForever})
	call := h.Ring("ana", "ben")
	rung := h.Rung("ben")
	<-call.Rang()
	second, status := h.replaces("headset", rung.Named())
	if status != 0 {
		t.Fatalf("the other phone gets %d", status)
	}
	<-rung.Ended()
	<-call.Answered()
	must(t, second.Recording().AwaitTones(h.Soon(), h.Tone("ana")))
	h.Hears("ana", "headset")
	h.HangUp("ana")
	<-second.Ended()
	h.Idle()
}

// TestCallsThatAreNotReplaced: another agent's call, an unknown one, one by a wrong tag, one
// that has ended, and any for a trunk.
func TestCallsThatAreNotReplaced(t *testing.T) {
	h := desk(t, func(b *holdfasttest.Bed) { b.Add("eve", softphone.Options{}) })
	h.Talk()
	anas, customers := h.Call("ana").Named(), h.Call("customer").Named()
	wrong, early := anas, anas
	wrong.FromTag += "x"
	early.EarlyOnly = true
	for _, test := range []struct {
		who   string
		other sipua.Replaces
		want  int
	}{
		{"ben", anas, 403},
		{"ben", customers, 403},
		{"ana", customers, 403},
		{"ana", wrong, 481},
		{"ana", sipua.Replaces{CallID: "none", ToTag: "a", FromTag: "b"}, 481},
		{"ana", sipua.Replaces{CallID: anas.CallID, ToTag: anas.FromTag, FromTag: anas.ToTag}, 481},
		{"ana", early, 486},
		{"eve", anas, 403},
		{"customer", anas, 403},
	} {
		if _, got := h.replaces(test.who, test.other); got != test.want {
			t.Errorf("%s in the place of %v gets %d, want %d", test.who, test.other, got, test.want)
		}
	}
	h.Hears("customer", "ana")
	h.Hears("ana", "customer")
	if all, err := h.Client.Contacts(h.Soon()); err != nil || len(all) != 1 {
		t.Errorf("%d contacts: %v", len(all), err)
	}
	h.HangUp("customer")
	h.Ended("ana")
	if _, got := h.replaces("ana", anas); got != 603 {
		t.Errorf("in the place of a call that has ended, ana gets %d", got)
	}
	h.Over()
}
