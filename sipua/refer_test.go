package sipua

import (
	"fmt"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// TestReferralsAreBounded: a peer that never answers a NOTIFY does not make a dialog
// remember without end.
func TestReferralsAreBounded(t *testing.T) {
	stages := everyStage(t)
	d := stages[len(stages)-3] // in a call
	refused := 0
	for n := range 2 * maxSubscriptions {
		text := strings.NewReplacer("OPTIONS", "REFER", "Call-ID: other", "Call-ID: call", "z9hG4bK1", fmt.Sprintf("z9hG4bK%d", n),
			"CSeq: 7", fmt.Sprintf("CSeq: %d", 100+n), "To: <sip:192.0.2.1>", "To: <sip:192.0.2.1>;tag=us",
			"Content-Length", "Refer-To: <sip:c@192.0.2.7>\nContent-Length").Replace(goodOptions)
		s := d.Receive(noon, received(t, text))
		if len(s.Out) == 1 && s.Out[0].SIP.(*sip.Response).StatusCode == 503 {
			refused++
		}
		d = s.Dialog.AcceptReferral(noon).Dialog
	}
	if refused != maxSubscriptions || len(d.subscriptions) != maxSubscriptions {
		t.Errorf("%d are refused, and %d kept", refused, len(d.subscriptions))
	}
}
