package panel

import (
	"testing"

	"holdfast/call"
)

func TestFailureText(t *testing.T) {
	cardiology := call.Endpoint{Kind: call.URI, Address: "sip:cardiology@192.0.2.7:5073;transport=tcp"}
	tests := []struct {
		target call.Endpoint
		why    call.Reason
		detail string
		want   string
	}{
		{call.Endpoint{Kind: call.PhoneNumber, Address: "+15551234"}, call.Denied, "+15551234 begins like none of [allow] numbers", "You may not transfer to +15551234."},
		{call.Endpoint{Kind: call.URI, Address: "sip:example.com"}, call.Denied, "example.com is none of [allow] hosts", "You may not transfer to example.com."},
		{cardiology, call.Busy, "486 Busy Here", "cardiology is busy."},
		{call.Endpoint{Kind: call.PhoneNumber, Address: "+15551234", Name: "pharmacy"}, call.NoAnswer, "", "pharmacy did not answer."},
		{agentNamed("ben"), call.Busy, "ben is offline", "ben is offline."},
		{agentNamed("ben"), call.Busy, "486 Busy Here", "ben is busy."},
	}
	for _, test := range tests {
		if got := failureText(test.target, test.why, test.detail); got != test.want {
			t.Errorf("%s, %s: got %q, want %q", test.target, test.why, got, test.want)
		}
	}
}
