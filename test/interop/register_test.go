package interop

import (
	"testing"

	"holdfast/call"
	"holdfast/client"
)

// registering is a baresip that registers at the stage's server as agent "ward".
func (s *stage) registering() *baresip {
	s.t.Helper()
	b, err := StartRegisteringBaresip(soon(s.t), s.t.TempDir(), "200", targetTone, s.SIP, "sesame")
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
	s := setStage(t, call.Cold)
	ward := client.TransferRequest{Target: "ward", RingFor: ringLong}
	s.asks(ward)
	s.failed(call.Unreachable)

	s.targetIs(s.registering())
	s.Restart()
	s.withAgent()
	s.asks(ward)
	s.target.awaits(Incoming)
	s.onHold()
	s.pickUp()
	s.taken()
	s.goodbye()
	s.heardWhom()
}
