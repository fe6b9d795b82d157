package sipua

import (
	"net/netip"
	"testing"
)

// A request inside a dialog goes where the Contact says, or where the peer was heard from.
func TestNextHopBehindNAT(t *testing.T) {
	for _, test := range []struct {
		contact, route, source string
		registered             bool
		want                   string
	}{
		{"sip:a@192.0.2.9:5070", "", "192.0.2.9:40000", false, "192.0.2.9:5070"}, // it listens elsewhere
		{"sip:a@192.168.1.5:5070", "", "192.0.2.9:40000", false, "192.0.2.9:40000"},
		{"sip:a@10.0.0.5", "", "10.0.0.6:5060", false, "10.0.0.5:5060"}, // one network, of ours
		{"sip:a@192.168.1.5", "", "10.0.0.6:5060", false, "10.0.0.6:5060"},
		{"sip:a@100.64.1.1", "", "192.0.2.9:5060", false, "192.0.2.9:5060"},
		{"sip:a@127.0.0.1", "", "192.0.2.9:5060", false, "192.0.2.9:5060"},
		{"sip:a@0.0.0.0:5070", "", "192.0.2.9:5060", false, "192.0.2.9:5060"},
		{"sip:a@[::]", "", "192.0.2.9:5060", false, "192.0.2.9:5060"},
		{"sip:a@[fd00::1]", "", "[2001:db8::1]:5060", false, "[2001:db8::1]:5060"},
		{"sip:a@203.0.113.5", "", "192.0.2.9:5060", false, "203.0.113.5:5060"},
		{"sip:a@203.0.113.5", "", "192.0.2.9:5060", true, "192.0.2.9:5060"}, // the registrar's rule
		{"sip:a@10.0.0.5", "", "10.0.0.6:5062", true, "10.0.0.6:5062"},
		{"sip:a@10.0.0.5", "sip:192.0.2.7;lr", "192.0.2.7:5060", true, "192.0.2.7:5060"},
		{"sip:a@192.0.2.8", "sip:10.0.0.1;lr", "192.0.2.7:5060", false, "192.0.2.7:5060"},
		{"sip:a@192.168.1.5:5070", "", "", false, "192.168.1.5:5070"}, // not heard from yet
	} {
		p := peer{Target: test.contact, AtSource: test.registered}
		if test.route != "" {
			p.Routes = []string{test.route}
		}
		if test.source != "" {
			p.Source = Hop{AddrPort: netip.MustParseAddrPort(test.source)}
		}
		if got := p.nextHop(Local{}).String(); got != test.want {
			t.Errorf("%s by %q from %s: %s, want %s", test.contact, test.route, test.source, got, test.want)
		}
		p.Source = p.fallback(Local{})
		if got := p.nextHop(Local{}).String(); got != test.want {
			t.Errorf("%s by %q from %s: %s after a restart, want %s", test.contact, test.route, test.source, got, test.want)
		}
	}
}
