package e2e

import (
	"errors"
	"slices"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/sipua"
	"holdfast/softphone"
)

// The transfer key of ana's desk phone sends a REFER. The server transfers, and notifies
// the phone.

// refers presses ana's transfer key for a user of the server.
func (h *house) refers(user string) <-chan int {
	h.t.Helper()
	notified, err := h.Call("ana").Refer(h.Soon(), "sip:"+user+"@"+h.SIP.String())
	must(h.t, err)
	return notified
}

// notified checks what ana's phone was notified of, to the end: the last status of want,
// and before it any of the others in their order. One is left out if a newer one is known
// before the phone has answered the NOTIFY before it.
func (h *house) notified(notified <-chan int, want ...int) {
	h.t.Helper()
	soon, got := h.Soon(), []int(nil)
	for {
		select {
		case status, more := <-notified:
			if more {
				got = append(got, status)
				continue
			}
			got = slices.Compact(got)
			possible := slices.DeleteFunc(slices.Clone(want), func(status int) bool { return !slices.Contains(got, status) })
			if !slices.Equal(got, possible) || !slices.Contains(got, want[len(want)-1]) {
				h.t.Errorf("ana's phone was notified of %v, want %v", got, want)
			}
			return
		case <-soon.Done():
			h.t.Fatalf("ana's phone was notified of %v, and of no end", got)
		}
	}
}

// TestTransferKey: the target has the customer, and ana's phone sees that and is released.
func TestTransferKey(t *testing.T) {
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{After: 200 * time.Millisecond})
	h.Talk()
	notified := h.refers("cardiology")
	h.Rung("cardiology")
	h.notified(notified, 100, 180, 200)
	h.Ended("ana")
	if by := h.Call("ana").EndedBy(); by != softphone.Peer {
		t.Errorf("ana's call was ended by the %s", by)
	}
	h.HearEachOther("customer", "cardiology")
	h.HangUp("customer")
	c := h.Over()
	if got := c.Past[0]; got.Outcome != call.Completed || got.Kind != call.Cold || len(c.Past) != 1 {
		t.Errorf("the record has %+v", c.Past)
	}
}

// TestTransferKeyInVain: whatever becomes of the target, ana has the customer again, and
// her phone sees why.
func TestTransferKeyInVain(t *testing.T) {
	for _, test := range []struct {
		name, user string
		does       softphone.Behaviour
		want       []int
	}{
		{"busy", "cardiology", softphone.Behaviour{Do: softphone.Busy}, []int{100, 486}},
		{"declined", "cardiology", softphone.Behaviour{Do: softphone.Decline, After: 200 * time.Millisecond}, []int{100, 180, 603}},
		{"no answer", "cardiology", softphone.Behaviour{Do: softphone.RingForever}, []int{100, 180, 408}},
		{"unreachable", "nowhere", softphone.Behaviour{}, []int{100, 480}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := open(t, func(b *holdfasttest.Bed) { b.Options.Config.Rules.RingFor = call.Duration(2 * time.Second) })
			h.Phone("cardiology").Answering(test.does)
			h.Talk()
			h.notified(h.refers(test.user), test.want...)
			h.HearEachOther("customer", "ana")
			h.goodbye()
		})
	}
}

// TestTransferKeyDuringHold: most phones hold the call before they transfer it. If the
// target is busy, the customer hears hold audio until ana takes the call back.
func TestTransferKeyDuringHold(t *testing.T) {
	h := open(t, nil)
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Busy})
	h.Talk()
	must(t, h.Call("ana").Hold(h.Soon()))
	h.notified(h.refers("cardiology"), 100, 486)
	h.HearsOnly("customer", "hold audio")
	must(t, h.Call("ana").Resume(h.Soon()))
	h.HearEachOther("customer", "ana")
	h.goodbye()
}

// TestTransferKeyIsRefused: a REFER that is refused leaves the call as it was.
func TestTransferKeyIsRefused(t *testing.T) {
	h := open(t, nil)
	h.Talk()
	for uri, want := range map[string]int{
		"sip:nobody@" + h.SIP.String():                     404,
		"sip:+4919005550100@" + h.SIP.String():             403,
		"sip:x@203.0.113.9":                                403,
		"sip:cardiology@" + h.SIP.String() + ";maddr=x":    403,
		"sip:cardiology@" + h.SIP.String() + "?Route=x":    403,
		"sip:ana@" + h.SIP.String():                        486,
		"sip:cardiology@" + h.SIP.String() + ";method=BYE": 403,
	} {
		_, err := h.Call("ana").Refer(h.Soon(), uri)
		if refused, is := errors.AsType[*softphone.Refused](err); !is || refused.Status != want {
			t.Errorf("Refer-To: <%s> gets %v, want %d", uri, err, want)
		}
	}
	_, err := h.Call("customer").Refer(h.Soon(), "sip:cardiology@"+h.SIP.String())
	if refused, is := errors.AsType[*softphone.Refused](err); !is || refused.Status != 403 {
		t.Errorf("the customer's REFER gets %v", err)
	}
	h.HearEachOther("customer", "ana")
	h.HangUp("customer")
	if c := h.Over(); len(c.Past) != 0 {
		t.Errorf("the record has %+v", c.Past)
	}
}

// TestTransferKeyAndAnaLeaves: ana's phone hangs up as soon as the transfer has begun, as
// many do. It sees the end all the same, also from another process; and if the target is
// busy, ana is called back.
func TestTransferKeyAndAnaLeaves(t *testing.T) {
	t.Run("answered", func(t *testing.T) {
		t.Parallel()
		h := open(t, nil)
		h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
		h.Talk()
		notified := h.refers("cardiology")
		h.Rung("cardiology")
		select {
		case <-notified: // of a transfer that has begun
		case <-h.Soon().Done():
			t.Fatal("ana's phone is not notified")
		}
		h.HangUp("ana")
		h.Restart()
		h.Call("cardiology").Answer()
		h.notified(notified, 100, 180, 200)
		h.HearEachOther("customer", "cardiology")
		h.goodbye()
	})
	t.Run("busy", func(t *testing.T) {
		t.Parallel()
		h := open(t, nil)
		h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Busy, After: time.Second})
		h.Talk()
		notified := h.refers("cardiology")
		h.HangUp("ana")
		h.notified(notified, 100, 180, 486)
		h.Rung("ana")
		h.HearEachOther("customer", "ana")
		h.goodbye()
	})
	t.Run("the customer leaves", func(t *testing.T) {
		t.Parallel()
		h := open(t, nil)
		h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
		h.Talk()
		notified := h.refers("cardiology")
		h.Rung("cardiology")
		h.HangUp("customer")
		h.notified(notified, 100, 180, 487)
		h.Ended("ana", "cardiology")
		h.Over()
	})
}

// TestTransferKeyBehindATrunk: ana's phone is reached by way of a trunk, such as a PBX.
func TestTransferKeyBehindATrunk(t *testing.T) {
	for _, may := range []bool{false, true} {
		h := open(t, func(b *holdfasttest.Bed) {
			pbx := sipua.Hop{AddrPort: b.Add("ana", softphone.Options{}).Address()}
			b.Options.Config.Agents[0].Address = b.Phone("ana").URI()
			b.Options.Config.Trunks = append(b.Options.Config.Trunks, config.Trunk{Name: "pbx", Gateway: pbx, Refer: may})
		})
		h.Talk()
		_, err := h.Call("ana").Refer(h.Soon(), "sip:cardiology@"+h.SIP.String())
		if refused, is := errors.AsType[*softphone.Refused](err); may && err != nil || !may && (!is || refused.Status != 403) {
			t.Errorf("with refer = %v the REFER gets %v", may, err)
		}
		h.HangUp("customer")
		h.Ended("ana")
	}
}

// consults puts the customer on hold at ana's phone, and has ana call cardiology on her
// second line. It returns her first line.
func (h *house) consults() (first *softphone.Call) {
	h.t.Helper()
	h.Talk()
	first = h.Call("ana")
	must(h.t, first.Hold(h.Soon()))
	second := h.Ring("ana", "cardiology")
	h.Rung("cardiology")
	select {
	case <-second.Rang(): // the phone knows our tag
	case <-second.Answered():
	case <-h.Soon().Done():
		h.t.Fatal("ana's second line does not ring")
	}
	return first
}

// TestTransferKeyToTheOtherLine: ana connects the customer with the party whom she has
// called on her second line, who has answered or still rings. Both her lines are ended.
func TestTransferKeyToTheOtherLine(t *testing.T) {
	t.Run("answered", func(t *testing.T) {
		t.Parallel()
		h := open(t, nil)
		first := h.consults()
		h.HearEachOther("ana", "cardiology")
		_, err := h.Call("ana").ReferReplacing(h.Soon(), first) // the other way round
		if refused, is := errors.AsType[*softphone.Refused](err); !is || refused.Status != 603 {
			t.Errorf("a transfer in the younger call: %v", err)
		}
		notified, err := first.ReferReplacing(h.Soon(), h.Call("ana"))
		must(t, err)
		h.notified(notified, 100, 200)
		h.HearEachOther("customer", "cardiology")
		h.HangUp("customer")
		if c := h.Over(); c.Past[0].Outcome != call.Completed {
			t.Errorf("the record has %+v", c.Past)
		}
	})
	t.Run("rings", func(t *testing.T) {
		t.Parallel()
		h := open(t, nil)
		h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
		first := h.consults()
		notified, err := first.ReferReplacing(h.Soon(), h.Call("ana"))
		must(t, err)
		h.Call("cardiology").Answer()
		h.notified(notified, 100, 180, 200)
		h.HearEachOther("customer", "cardiology")
		h.goodbye()
	})
	t.Run("declines", func(t *testing.T) {
		t.Parallel()
		h := open(t, nil)
		h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Decline, After: 2 * time.Second})
		first := h.consults()
		notified, err := first.ReferReplacing(h.Soon(), h.Call("ana"))
		must(t, err)
		h.notified(notified, 100, 180, 603)
		must(t, first.Resume(h.Soon()))
		if err := first.Recording().AwaitTones(h.Soon(), h.Tone("customer")); err != nil {
			t.Errorf("ana hears: %v", err)
		}
		h.Hears("customer", "ana")
		h.goodbye()
	})
	t.Run("is gone", func(t *testing.T) {
		t.Parallel()
		h := open(t, nil)
		first := h.consults()
		h.HangUp("ana")
		h.Ended("ana", "cardiology")
		_, err := first.ReferReplacing(h.Soon(), h.Call("ana"))
		if refused, is := errors.AsType[*softphone.Refused](err); !is || refused.Status != 481 {
			t.Errorf("a transfer to a call that has ended: %v", err)
		}
		must(t, first.Resume(h.Soon()))
		h.Hears("customer", "ana")
		h.goodbye()
	})
}
