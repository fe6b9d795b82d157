package sipleg

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// decide is what the desk answers to a request of the leg.
func (r *rig) decide(fact call.Event) {
	switch _, asks := fact.(call.TransferRequested); {
	case asks && r.deny == nil:
		if r.fails != "" {
			r.plans(call.Report{Connection: anchorOf(r.leg).connection, Transfer: "t9", Progress: call.TransferIsOver, Reason: r.fails})
		}
		r.act(r.leg.Receive(r.now, switchboard.Granted{}))
	case asks:
		r.act(r.leg.Receive(r.now, switchboard.Refused{Err: r.deny}))
	}
}

// deskTransfers is what a desk does about transfers.
func (r *rig) deskTransfers(id call.ConnectionID, what string) error {
	words := append(strings.Fields(what), "", "", "")
	switch words[0] {
	case "grants":
		r.deny, r.fails = nil, ""
	case "grants-and-fails":
		r.deny, r.fails = nil, call.Reason(words[1])
	case "denies":
		r.deny = map[string]error{
			"policy": &switchboard.DialError{Reason: call.Denied, Detail: "+4930 begins like none of [allow] numbers"},
			"core":   &call.Refusal{Code: call.TransferUnderWay, Text: `a transfer to "b" is under way`},
			"disk":   switchboard.ErrBusy,
		}[words[1]]
	case "reports":
		r.plans(call.Report{Connection: id, Transfer: words[1], Progress: call.Progress(words[2]), Reason: call.Reason(words[3])})
	default:
		return fmt.Errorf("a desk cannot %q", what)
	}
	return nil
}

// farRefers presses the transfer key.
func (r *rig) farRefers(what string) error {
	address, replaces, _ := strings.Cut(what, " replacing ")
	var to sip.Uri
	if err := sip.ParseUri(address, &to); err != nil {
		return err
	}
	var other *sipua.Replaces
	if replaces != "" {
		words := strings.Fields(replaces)
		other = &sipua.Replaces{CallID: words[0], ToTag: words[1], FromTag: words[2]}
	}
	if r.far.Established() {
		_, step := r.far.Refer(r.now, to, other)
		r.farDoes(step)
	}
	return nil
}

// farHears is what the phone knows of its transfer.
func (r *rig) farHears(ev sipua.Event) {
	switch ev := ev.(type) {
	case sipua.ReferralAnswered:
		r.tell("phone: transfer answered with %s", ev.Text)
	case sipua.Notified:
		over := ""
		if ev.Over {
			over = ", over"
		}
		r.tell("phone: %d%s", ev.Status, over)
	}
}

// TestReferFromATrunk: the party's line comes over a trunk, which may not transfer.
func TestReferFromATrunk(t *testing.T) {
	r, w := newRig(t), &wire{}
	r.calls()
	r.plans(call.Answer{Connection: 1})
	var log bytes.Buffer
	r.lines.sender, r.lines.log = w, slog.New(slog.NewTextHandler(&log, nil))
	_, step := r.far.Refer(r.now, sip.Uri{Scheme: "sip", User: "+4930", Host: "192.0.2.1"}, nil)
	refer := travel(t, step.Out[0].SIP, netip.AddrPortFrom(farAddress.Addr(), trunkPort))
	facts := len(r.facts)
	r.lines.Receive(refer)
	if got := w.lines(); len(got) != 1 || got[0] != "-> 403 Forbidden (REFER)" || len(r.facts) != facts {
		t.Errorf("sent %q, and the desk was asked %v", got, r.facts[facts:])
	}
	if !strings.Contains(log.String(), "code=denied") || !strings.Contains(w.sent[0].SIP.String(), `Warning: 399 holdfast "`) {
		t.Errorf("logged %q and sent\n%s", &log, w.sent[0].SIP)
	}
}

// TestConsulted: a phone that names another of our lines by Replaces names the call that
// it has with the target; both tags must fit, and only lines of ours count.
func TestConsulted(t *testing.T) {
	r := newRig(t)
	r.calls()
	r.plans(call.Answer{Connection: 1})
	consulted := newDeskPhone(t, "100", "sip:+4930123@192.0.2.1")
	consulted.rig.lines = r.lines
	sender := r.lines.sender
	r.lines.sender = consulted.wire
	ours, far := r.leg, r.far
	r.lines.board = &board{r: consulted.rig}
	if status := consulted.invites(); status != 0 {
		t.Fatalf("the consultation gets %d", status)
	}
	second := anchorOf(consulted.leg)
	r.lines.sender, r.lines.board, r.leg, r.far = sender, &r.board, ours, far
	first := anchorOf(ours)
	for _, c := range []struct {
		replaces sipua.Replaces
		want     *anchor
	}{
		{sipua.Replaces{CallID: "u1", ToTag: second.identity.Tag, FromTag: *second.theirs.Load()}, second},
		{sipua.Replaces{CallID: "u1", ToTag: second.identity.Tag, FromTag: "x"}, nil},
		{sipua.Replaces{CallID: "u1", ToTag: *second.theirs.Load(), FromTag: second.identity.Tag}, nil},
		{sipua.Replaces{CallID: "u2", ToTag: second.identity.Tag, FromTag: *second.theirs.Load()}, nil},
		{sipua.Replaces{CallID: first.identity.CallID, ToTag: first.identity.Tag, FromTag: *first.theirs.Load()}, nil}, // the call it is in
	} {
		facts := len(r.facts)
		_, step := r.far.Refer(r.now, sip.Uri{Scheme: "sip", Host: "192.0.2.1"}, &c.replaces)
		r.farDoes(step)
		switch {
		case c.want == nil && (len(r.facts) != facts || r.told[len(r.told)-1] != "phone: transfer answered with 481 Call/Transaction Does Not Exist"):
			t.Errorf("%s: %q, %v", c.replaces, r.told, r.facts[facts:])
		case c.want != nil:
			want := call.TransferRequested{
				By: 1, Kind: call.Cold, Reported: true, Manner: call.Manner{Resume: true}, Consulted: call.Place{Contact: c.want.contact, Connection: 1},
			}
			if got := fmt.Sprint(r.facts[facts:]); got != fmt.Sprint([]call.Event{want}) {
				t.Errorf("%s: asked %s, want %v", c.replaces, got, want)
			}
		}
	}
}

// TestWhatReferMeans reads Refer-To as a phone's user means it.
func TestWhatReferMeans(t *testing.T) {
	for to, want := range map[string]struct {
		status int // 202: the desk is asked
		target string
	}{
		"<sip:+4930123@192.0.2.1>":                      {202, "+4930123"},
		"<sip:%2B4930123@192.0.2.1:5060;user=phone>":    {202, "+4930123"},
		"<sip:cardiology@192.0.2.1>":                    {202, "cardiology"},
		"<sip:cardiology@pbx.example>":                  {202, "cardiology"}, // as the phone knows us
		"<sip:sales@192.0.2.1>":                         {202, "sales"},
		"<tel:+4930123>":                                {202, "tel:+4930123"},
		"<sip:nobody@192.0.2.1>":                        {404, ""},
		"<sip:030@192.0.2.1>":                           {484, ""},
		"<sip:x@203.0.113.9>":                           {403, ""},
		"<sip:192.0.2.1>":                               {404, ""},
		"<sip:+4930123@192.0.2.1;maddr=203.0.113.9>":    {403, ""},
		"<sip:+4930123@192.0.2.1;method=MESSAGE>":       {403, ""},
		"<sip:+4930123@192.0.2.1?Route=%3Csip:x%3E>":    {403, ""},
		"<sip:sip%3Ax%40203.0.113.9@192.0.2.1>":         {404, ""},
		"<sips:+4930123@192.0.2.1>":                     {416, ""},
		"<sip:+4930123@192.0.2.1>, <sip:a@203.0.113.9>": {400, ""},
	} {
		r, w := newRig(t), &wire{}
		r.calls()
		r.plans(call.Answer{Connection: 1})
		r.lines.sender = w
		_, step := r.far.Refer(r.now, sip.Uri{Scheme: "sip", Host: "x"}, nil)
		refer := step.Out[0].SIP.(*sip.Request)
		refer.RemoveHeader("Refer-To")
		refer.ReplaceHeader(sip.NewHeader("Referred-By", "<sip:100@pbx.example>"))
		refer.AppendHeader(sip.NewHeader("Refer-To", to))
		facts := len(r.facts)
		r.lines.Receive(travel(t, refer, farAddress))
		if status := w.sent[0].SIP.(*sip.Response).StatusCode; status != want.status {
			t.Errorf("Refer-To: %s gets %d, want %d", to, status, want.status)
		}
		if want.target == "" && len(r.facts) == facts {
			continue
		}
		if ask, is := r.facts[facts].(call.TransferRequested); !is || ask.Target.Address != want.target {
			t.Errorf("Refer-To: %s asks %v, want %s", to, r.facts[facts:], want.target)
		}
	}
}
