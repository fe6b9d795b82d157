package sipleg

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
)

// TestNoOtherAddressIsCalled: a redirection is a failure, and a REFER outside a call is
// refused, whatever addresses they name. A REFER inside a call is a request, which passes
// the destination policy (TestWhatReferMeans). There is no other
// door at which the far end could name an address.
func TestNoOtherAddressIsCalled(t *testing.T) {
	const carrier = "<sip:+19005550100@198.51.100.2>"
	for _, status := range []int{300, 301, 302, 305, 380} {
		r, out := newRig(t), &wire{}
		r.lines.sender = out
		r.dials()
		res := sip.NewResponseFromRequest(out.sent[0].SIP.(*sip.Request), status, "Moved", nil)
		res.AppendHeader(sip.NewHeader("Contact", carrier))
		r.lines.Receive(travel(t, res, farAddress))
		failed, ok := r.facts[0].(call.Failed)
		if !ok || failed.Reason != call.LineError || len(r.facts) != 1 {
			t.Errorf("after %d: %v", status, r.facts)
		}
		for _, m := range out.sent[1:] {
			if req := m.SIP.(*sip.Request); req.Method != sip.ACK || m.To != farAddress {
				t.Errorf("after %d, %s goes to %s", status, req.Method, m.To)
			}
		}
	}
	r, out := newRig(t), &wire{}
	r.lines.sender = out
	refer := request(t, "REFER", "200", "", "")
	refer.SIP.AppendHeader(sip.NewHeader("Refer-To", carrier))
	r.lines.Receive(refer)
	if len(out.sent) != 1 || out.sent[0].SIP.(*sip.Response).StatusCode != 403 {
		t.Errorf("a REFER is answered with %v", out.sent)
	}
}

// TestPointlessCallsAreLoggedOnceASecond: who forges a trunk's address does not fill the
// log.
func TestPointlessCallsAreLoggedOnceASecond(t *testing.T) {
	for called, what := range map[string]string{"nobody": "rejecting INVITE: no route", "hotline": "rejecting INVITE: no common audio"} {
		r, w := newRig(t), &wire{}
		var log bytes.Buffer
		r.lines.sender, r.lines.log = w, slog.New(slog.NewTextHandler(&log, nil))
		invite := request(t, "INVITE", called, "", "\n\nhello")
		for i := range 300 {
			*invite.SIP.CallID() = sip.CallIDHeader(fmt.Sprint("c", i))
			r.now = r.now.Add(10 * time.Millisecond)
			r.lines.Receive(invite)
		}
		if got := strings.Count(log.String(), what); got != 3 {
			t.Errorf("300 calls to %s in 3 s were logged in %d lines, want 3:\n%s", called, got, &log)
		}
	}
}
