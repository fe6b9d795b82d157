package sipleg

import (
	"slices"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
)

// again is the INVITE of a caller, sent by another way: with another branch, and perhaps
// another From tag or CSeq.
func again(t *testing.T, branch, changes string) sipua.Received {
	t.Helper()
	m := request(t, "INVITE", "hotline", "", "\n\n"+speak("sendrecv"))
	m.SIP.Via().Params.Add("branch", "z9hG4bK"+branch)
	switch changes {
	case "tag":
		m.SIP.From().Params.Add("tag", "another")
	case "cseq":
		m.SIP.CSeq().SeqNo++
	}
	return m
}

// A proxy that has got a refusal may call the next number with the same Call-ID, and
// two calls may share one. An INVITE is merged only while its other copy is open.
func TestCallIDUsedAgain(t *testing.T) {
	open := func(r *rig) *wire {
		w := &wire{}
		r.lines.sender = w
		r.lines.Receive(again(t, "1", ""))
		r.plans(call.Ring{Connection: 1})
		return w
	}
	begins := func(t *testing.T, r *rig, m sipua.Received) {
		t.Helper()
		before := r.leg
		r.lines.Receive(m)
		if anchorOf(r.leg) == anchorOf(before) || len(r.facts) != 2 {
			t.Errorf("no second contact has begun; sent %q", r.told)
		}
	}
	t.Run("while it rings", func(t *testing.T) {
		r := newRig(t)
		w := open(r)
		r.lines.Receive(again(t, "2", ""))
		if got := w.lines(); !slices.Equal(got, []string{"-> 180 Ringing (INVITE)", "-> 482 Loop Detected (INVITE)"}) {
			t.Errorf("sent %q", got)
		}
	})
	t.Run("after 486", func(t *testing.T) {
		r := newRig(t)
		open(r)
		r.plans(call.Refuse{Connection: 1, Reason: call.Busy})
		begins(t, r, again(t, "2", ""))
	})
	t.Run("after 487", func(t *testing.T) {
		r := newRig(t)
		open(r)
		r.lines.Receive(request(t, "CANCEL", "hotline", "", "")) // of the first branch
		r.facts = r.facts[:1]
		begins(t, r, again(t, "2", ""))
	})
	t.Run("another caller", func(t *testing.T) {
		r := newRig(t)
		open(r)
		begins(t, r, again(t, "2", "tag"))
	})
	t.Run("another request", func(t *testing.T) {
		r := newRig(t)
		open(r)
		begins(t, r, again(t, "2", "cseq"))
	})
	t.Run("our own come back", func(t *testing.T) {
		r := newRig(t)
		r.dials()
		m := again(t, "2", "")
		a := anchorOf(r.leg)
		*m.SIP.CallID() = sip.CallIDHeader(a.callID())
		m.SIP.From().Params.Add("tag", a.identity.Tag)
		r.told = nil
		r.lines.Receive(m)
		if !strings.Contains(strings.Join(r.told, "\n"), "-> 482 Loop Detected") {
			t.Errorf("our own INVITE was answered with %q", r.told)
		}
	})
	t.Run("a copy after a restart", func(t *testing.T) {
		r := newRig(t)
		r.calls()
		r.plans(call.Answer{Connection: 1})
		copied := *r.far
		r.restart()
		m := again(t, "2", "")
		*m.SIP.CallID(), m.SIP.CSeq().SeqNo = sip.CallIDHeader(copied.CallID()), 1<<16|1
		m.SIP.From().Params.Add("tag", "far")
		r.told = nil
		r.lines.Receive(m)
		if !strings.Contains(strings.Join(r.told, "\n"), "-> 482 Loop Detected") {
			t.Errorf("the INVITE of a call that goes on was answered with %q", r.told)
		}
	})
}
