package sipua

import (
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A phone that always has a request of its own under way is shown an identity a limited
// number of times: each UPDATE that shows one is written down.
func TestIdentityIsNotShownForEver(t *testing.T) {
	now := noon
	d := NewCaller(Local{Address: ours}, RandomIdentity(), 1, Call{To: uri(t, "sip:bob@192.0.2.2")})
	answer := func(req sip.Message, status int) Step {
		res := sip.NewResponseFromRequest(req.(*sip.Request), status, "Whatever", nil)
		res.To().Params.Add("tag", "b")
		res.AppendHeader(sip.NewHeader("Allow", "UPDATE"))
		return d.Receive(now, Received{SIP: res, From: peers})
	}
	step := d.Invite(now, []byte("v=0\r\n"))
	d = step.Dialog
	d = answer(step.Out[0].SIP, sip.StatusOK).Dialog
	step = d.Introduce(now, "Ben", uri(t, "sip:ben@192.0.2.1"))
	shown := 0
	for range 1000 {
		d = step.Dialog
		for _, m := range step.Out {
			if m.Kind == Introduction {
				shown++
				d = answer(m.SIP, sip.StatusRequestPending).Dialog
			}
		}
		now = now.Add(time.Second)
		step = d.Tick(now)
	}
	if shown != 1+maxRetries {
		t.Errorf("the identity is shown %d times, want %d", shown, 1+maxRetries)
	}
}
