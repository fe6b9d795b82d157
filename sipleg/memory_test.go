package sipleg

import (
	"bytes"
	"testing"

	"holdfast/call"
	"holdfast/switchboard"
)

// What changes nothing that a successor must know leaves the memory as it is.
func TestMemoryIsStable(t *testing.T) {
	r := newRig(t)
	r.calls()
	r.plans(call.Answer{Connection: 1})
	before := r.leg.Memory()
	r.plans(call.Ring{Connection: 1})
	r.plans(call.Notify{Connection: 1})
	r.takes(switchboard.Tick{})
	if after := r.leg.Memory(); !bytes.Equal(before, after) {
		t.Errorf("changed by nothing:\n%s\n%s", before, after)
	}
	r.farDoes(r.far.Invite(r.now, []byte(speak("sendonly"))))
	if after := r.leg.Memory(); bytes.Equal(before, after) {
		t.Error("a hold is not in the memory")
	}
}
