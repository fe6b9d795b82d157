package kill

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/softphone"
)

// TestRegisteredPhoneIsFoundAfterAKill: a phone that has registered is rung by the
// process after, also if the one before has died between writing that down and
// telling the phone.
func TestRegisteredPhoneIsFoundAfterAKill(t *testing.T) {
	for name, point := range map[string]string{"written": "", "not written": routing + " 1 " + written} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
			defer cancel()
			address := nextAddress()
			server := startWard(t, address, point)
			ward, err := softphone.Start(softphone.Options{User: "200", Tone: anaTone, Register: &softphone.Registration{
				At: netip.AddrPortFrom(address, 5060), Password: "hush",
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer ward.Close()
			if point == "" {
				if err := ward.Registered(ctx); err != nil {
					t.Fatal(err)
				}
				if err := server.kill(); err != nil {
					t.Fatalf("%v\n%s", err, server.lastWords())
				}
			}
			<-server.back
			isRung(ctx, t, ward, address)
		})
	}
}

// startWard starts a server whose only agent has a phone that registers.
func startWard(t *testing.T, address netip.Addr, point string) *victim {
	t.Helper()
	dir := inMemory(t)
	file := filepath.Join(dir, "holdfast.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, `
[sip]
listen = "%s:5060"
phones = ["127.0.0.0/8"]
[api]
listen = "%s:8080"
[journal]
dir = %q
[[agent]]
name = "ward"
user = "200"
password = "hush"
[[route]]
called = "*"
agent = "ward"
`, address, address, filepath.Join(dir, "journal")), 0o600); err != nil {
		t.Fatal(err)
	}
	server := startVictim(dir, file, point)
	t.Cleanup(func() { _ = server.close() })
	<-server.ready
	return server
}

// isRung has a customer call, whom the ward's phone must get.
func isRung(ctx context.Context, t *testing.T, ward *softphone.Phone, address netip.Addr) {
	t.Helper()
	customer, err := phone(t, "customer", customerTone).Dial(ctx, fmt.Sprintf("sip:help@%s:5060", address))
	if err != nil {
		t.Fatal(err)
	}
	wards, err := ward.Incoming(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for call, tone := range map[*softphone.Call]float64{customer: anaTone, wards: customerTone} {
		if err := call.Recording().AwaitTones(ctx, tone); err != nil {
			t.Error(err)
		}
	}
	customer.HangUp()
	<-wards.Ended()
}
