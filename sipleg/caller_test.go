package sipleg

import (
	"strings"
	"testing"

	"holdfast/call"
)

// called is the INVITE to a target for a customer whose INVITE has more header lines.
func called(t *testing.T, more string, from call.Endpoint, restart bool) string {
	t.Helper()
	r, w := newRig(t), &wire{}
	r.lines.sender = w
	r.lines.Receive(fromWire(invitation(more+"Content-Length: 0\r\n", "")))
	a := anchorOf(r.leg)
	if restart {
		r.restart()
		r.lines.sender = w
	}
	customer := call.Endpoint{Kind: call.PhoneNumber, Address: "+493012345"}
	if from == (call.Endpoint{}) {
		from = customer
	}
	d := call.Dial{Connection: 3, Party: call.Target, To: call.Endpoint{Kind: call.PhoneNumber, Address: "+4940"}, From: from, Customer: customer}
	leg, err := r.lines.Dial(a.contact, 1, d)
	if err != nil {
		t.Fatal(err)
	}
	w.sent = nil
	r.leg = leg
	r.plans(d)
	return w.sent[0].SIP.String()
}

// Who calls is told to nobody when they do not want it (RFC 3323, RFC 3325 §7).
func TestPrivacy(t *testing.T) {
	shared := call.Endpoint{Kind: call.PhoneNumber, Address: "+4989100"}
	for _, test := range []struct {
		headers string
		from    call.Endpoint
		private bool
	}{
		{"", call.Endpoint{}, false},
		{"Privacy: none\r\n", call.Endpoint{}, false},
		{"Remote-Party-ID: <sip:+493012345@x>;party=calling;privacy=off\r\n", call.Endpoint{}, false},
		{"Privacy: id\r\n", call.Endpoint{}, true},
		{"Privacy: header; ID;critical\r\n", call.Endpoint{}, true},
		{"Privacy: user\r\n", call.Endpoint{}, true},
		{"Remote-Party-ID: \"x\" <sip:+493012345@x>;privacy=full;screen=yes\r\n", call.Endpoint{}, true},
		{"Privacy: id\r\n", shared, true},
	} {
		for _, restart := range []bool{false, true} {
			invite := called(t, test.headers, test.from, restart)
			if told := strings.Contains(invite, "+493012345"); told == test.private {
				t.Errorf("%q (restart %t): the number is told: %t\n%s", test.headers, restart, told, invite)
			}
			if asks := strings.Contains(invite, "\r\nPrivacy: id\r\n"); asks != test.private {
				t.Errorf("%q: we ask for privacy: %t", test.headers, asks)
			}
			if test.from == shared && !strings.Contains(invite, "From: <sip:+4989100@") {
				t.Errorf("the number of the house is hidden:\n%s", invite)
			}
		}
	}
}

// A call that we make for a caller may go one hop less far (RFC 7332 §3).
func TestMaxForwards(t *testing.T) {
	for headers, want := range map[string]string{
		"": "69", "Max-Forwards: 1\r\n": "0", "Max-Forwards: 20\r\n": "19", "Max-Forwards: 70\r\n": "69",
	} {
		for _, restart := range []bool{false, true} {
			if invite := called(t, headers, call.Endpoint{}, restart); strings.Count(invite, "Max-Forwards:") != 1 || !strings.Contains(invite, "\r\nMax-Forwards: "+want+"\r\n") {
				t.Errorf("after %q, want %s:\n%s", headers, want, invite)
			}
		}
	}
}

// Users are escaped in what we send.
func TestFromIsEscaped(t *testing.T) {
	r := newRig(t)
	for written, want := range map[string]string{
		"sip:a b@x": "a%20b", "sip:%61na@x": "ana", "sip:50%@x": "50%25", "sip:\u00fc@x": "%C3%BC", "sip:+49(30)123@x": "+4930123",
	} {
		if from := r.lines.from(call.Endpoint{Kind: call.URI, Address: written}); from.User != want {
			t.Errorf("%s: %s, want %s", written, from.User, want)
		}
	}
}
