package directory

import (
	"net/netip"
	"strings"
	"testing"
)

// TestWhoRefers: a trunk may not transfer calls unless the configuration says so, and
// neither may what shares its address but for the phones that are known there.
func TestWhoRefers(t *testing.T) {
	const loopback = "[[trunk]]\nname = \"pbx\"\naddresses = [\"127.0.0.0/8\", \"192.0.2.200\"]\nrefer = true\n"
	plain, pbx := deskDirectory(t, ""), deskDirectory(t, loopback)
	for from, want := range map[string]struct{ plain, pbx bool }{
		"192.0.2.7:5071":           {true, true},   // ana's phone
		"192.0.2.9:5060":           {true, true},   // cardiology's
		"192.0.2.70:40000":         {true, true},   // one that may register
		"[::ffff:192.0.2.7]:900":   {true, true},   // ana's phone, from another port
		"198.51.100.2:5060":        {false, false}, // the gateway
		"198.51.100.7:5060":        {false, false}, // dan's phone is where the carrier is
		"[::ffff:198.51.100.3]:90": {false, false},
		"127.0.0.1:5075":           {true, true},   // eve's phone
		"203.0.113.1:5060":         {false, false}, // a party of the carrier's, who sends past it
	} {
		from := netip.MustParseAddrPort(from)
		if got := plain.Refers(from); got != want.plain {
			t.Errorf("REFER from %s is taken: %v", from, got)
		}
		if got := pbx.Refers(from); got != want.pbx {
			t.Errorf("REFER from %s is taken beside a trunk that may: %v", from, got)
		}
	}
	if quiet := deskDirectory(t, strings.Replace(loopback, "refer = true", "", 1)); quiet.Refers(netip.MustParseAddrPort("127.0.0.1:5076")) ||
		!quiet.Refers(netip.MustParseAddrPort("127.0.0.1:5075")) || !pbx.Refers(netip.MustParseAddrPort("127.0.0.1:5076")) {
		t.Error("on loopback, a phone and a trunk are not told apart")
	}
}

// TestTrusts: only a trunk with identity may know who a customer talks to.
func TestTrusts(t *testing.T) {
	d := deskDirectory(t, "[[trunk]]\nname = \"pbx\"\naddresses = [\"203.0.113.0/24\"]\nidentity = true\n")
	for from, want := range map[string]bool{
		"203.0.113.9:5060": true, "[::ffff:203.0.113.9]:90": true, "198.51.100.2:5060": false, "192.0.2.7:5071": false,
	} {
		if got := d.Trusts(netip.MustParseAddrPort(from)); got != want {
			t.Errorf("%s may know who a customer talks to: %t", from, got)
		}
	}
}
