package kill

import (
	"testing"

	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// TestRegisteredPhoneIsFoundAfterAKill: a phone that has registered is rung by the
// process after, also if the one before has died between writing that down and
// telling the phone.
func TestRegisteredPhoneIsFoundAfterAKill(t *testing.T) {
	for name, point := range map[string]string{"written": "", "not written": phones + " 1 " + written} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bed := around(t)
			server := startWard(t, bed, point)
			ward := bed.Add("ward", softphone.Options{User: "200", Register: &softphone.Registration{At: bed.SIP, Password: "hush"}})
			if point == "" {
				if err := ward.Registered(bed.Soon()); err != nil {
					t.Fatal(err)
				}
				if err := server.kill(); err != nil {
					t.Fatalf("%v\n%s", err, server.lastWords())
				}
			}
			<-server.back
			bed.Add("customer", softphone.Options{})
			bed.Dial("customer", "help")
			bed.Rung("ward")
			bed.Hears("customer", "ward")
			bed.Hears("ward", "customer")
			bed.HangUp("customer")
			bed.Ended("ward")
		})
	}
}

// startWard starts a server whose only agent has a phone that registers.
func startWard(t *testing.T, b *holdfasttest.Bed, point string) *victim {
	t.Helper()
	dir := inMemory(t)
	server := startVictim(dir, writeConfig(t, b, dir, `
phones = ["127.0.0.0/8"]
[[agent]]
name = "ward"
user = "200"
password = "hush"
[[route]]
called = "*"
agent = "ward"
`), point)
	t.Cleanup(func() { _ = server.close() })
	if err := server.serves(); err != nil {
		t.Fatal(err)
	}
	return server
}
