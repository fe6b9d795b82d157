package softphone

import (
	"errors"
	"net/netip"
	"testing"
	"time"
)

// TestNobodyToRegisterAt: a phone is told when its registrar does not know it,
// and goes on as a phone.
func TestNobodyToRegisterAt(t *testing.T) {
	t.Parallel()
	ben := start(t, Options{User: "ben", Tone: bensTone}) // no registrar
	ana := start(t, Options{User: "ana", Tone: anasTone, Register: &Registration{At: ben.Address(), Password: "hush"}})
	var refused *Refused
	if err := ana.Registered(patient(t)); !errors.As(err, &refused) || refused.Status != 481 {
		t.Errorf("registering with a phone: %v", err)
	}
	if err := ana.Register(patient(t)); !errors.As(err, &refused) {
		t.Errorf("registering with a phone, again: %v", err)
	}
	anas, bens := dial(t, ana, ben)
	hears(t, anas, bensTone)
	bens.HangUp()
	ended(t, anas, Peer)
	if err := ben.Registered(patient(t)); err == nil {
		t.Error("a phone is registered that has no registrar")
	}
}

// TestSwitchedOffWithoutARegistrar: a phone does not wait for one that never was.
func TestSwitchedOffWithoutARegistrar(t *testing.T) {
	t.Parallel()
	began := time.Now()
	start(t, Options{User: "ana", Register: &Registration{At: netip.MustParseAddrPort("127.0.0.1:9")}}).Close()
	if took := time.Since(began); took >= leaveWithin {
		t.Errorf("it takes %s", took)
	}
}
