package peers

import (
	"testing"

	"holdfast/call"
)

// registering is a baresip that registers at the stage's server as agent "ward".
func (s *stage) registering() *baresip {
	s.t.Helper()
	b, err := StartRegisteringBaresip(soon(s.t), s.t.TempDir(), "200", targetTone, s.server.SIPAddress(), "sesame")
	must(s.t, err)
	ward := watched(s.t, b)
	awaits(s.t, "the phone to register", func() bool {
		registered, err := ward.Registered(soon(s.t))
		must(s.t, err)
		return registered
	})
	return ward
}

// TestBaresipRegisters: a phone that others wrote is unreachable until it has
// proved who it is. Then it takes the customer in a cold transfer, even if the
// server has been started again since.
func TestBaresipRegisters(t *testing.T) {
	Need(t, "baresip")
	s := setStage(t)
	s.transfer("ward", ringLong)
	s.heldWithAgent(call.Unreachable)

	s.target = s.registering()
	s.stop()
	s.start()
	s.withAgent()
	s.transfer("ward", ringLong)
	s.target.awaits(Incoming)
	s.onHold()
	s.target.answer()
	s.withTarget(s.target.heard)
	s.goodbye(s.target)
}
