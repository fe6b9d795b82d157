package directory

import (
	"errors"
	"net/netip"
	"testing"

	"holdfast/call"
	"holdfast/config"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// crossroads has two trunks, a proxy and phones within networks that [allow] hosts
// contains: the whole internet.
func crossroads(t *testing.T) *Directory {
	t.Helper()
	conf, err := config.Parse("crossroads.toml", []byte(`
[sip]
listen = "192.0.2.1:5060"
phones = ["192.0.2.128/25"]
[[trunk]]
name = "carrier"
addresses = ["198.51.100.0/28"]
gateway = "198.51.100.2:5060"
[[trunk]]
name = "other"
addresses = ["203.0.113.7", "2001:db8::7"]
gateway = "203.0.113.8:5070"
[[trunk]]
name = "here"
addresses = ["127.0.0.1"]
gateway = "127.0.0.1:5080"
[[agent]]
name = "ana"
address = "sip:ana@192.0.2.7"
[[route]]
called = "*"
agent = "ana"
[allow]
hosts = ["0.0.0.0/0", "::/0", "127.0.0.2", "lab.example.com"]
`))
	if err != nil {
		t.Fatal(err)
	}
	return New(conf)
}

// TestPolicyAtEveryDoor puts each address to each door. The door is given what somebody
// writes, and answers whether it would be called.
func TestPolicyAtEveryDoor(t *testing.T) {
	permitted := func(d *Directory, written string) bool {
		e, err := d.Endpoint(written)
		if err != nil {
			return false
		}
		err = d.Permit(e)
		if why, ok := errors.AsType[*switchboard.DialError](err); err != nil && (!ok || why.Reason != call.Denied) {
			t.Errorf("%s is refused with %v", written, err)
		}
		return err == nil
	}
	behindProxy := func(d *Directory) { d.conf.SIP.Proxy = sipua.Hop{AddrPort: netip.MustParseAddrPort("192.0.2.5:5060")} }
	doors := []struct {
		name  string
		calls func(d *Directory, written string) bool
	}{
		{"the HTTP interface and the agents' page", permitted},
		{"the same behind a proxy", func(d *Directory, written string) bool { behindProxy(d); return permitted(d, written) }},
		{"a Contact behind a proxy", func(d *Directory, written string) bool { behindProxy(d); return d.MayBind(written) }},
	}
	for written, want := range map[string]bool{
		"sip:x@192.0.2.130":                   true,
		"sip:x@192.0.2.130;transport=tcp":     true,
		"sip:x@lab.example.com":               true,
		"sip:x@127.0.0.2":                     true,
		"sip:+1900@198.51.100.2":              false, // the gateway
		"sip:+1900@198.51.100.2:5080":         false, // at another port
		"sip:+1900@198.51.100.9":              false, // from where the trunk calls
		"sip:+1900@198.51.100.9:5080":         false,
		"sip:+1900@203.0.113.7":               false, // another trunk
		"sip:+1900@203.0.113.7:1":             false,
		"sip:+1900@203.0.113.8":               false, // its gateway, at another port
		"sip:+1900@[2001:db8::7]":             false,
		"sip:+1900@[::ffff:203.0.113.8]":      false,
		"sip:+1900@203.0.113.8;transport=tcp": false,
		"sip:+1900@127.0.0.1:5080":            false, // a gateway on this machine
		"sip:x@127.0.0.1:5090":                false, // another program, which no host in [allow] names
		"sip:x@[::1]:5060":                    false,
		"sip:x@0.0.0.0:5090":                  false,
		"sip:x@[::]:5090":                     false,
		"sip:x@255.255.255.255":               false,
		"sip:x@224.0.1.75":                    false,
		"sip:x@192.0.2.1":                     false, // this server
		"sip:x@carrier.example.com":           false,
	} {
		for _, door := range doors {
			if got := door.calls(crossroads(t), written); got != want {
				t.Errorf("%s calls %s: %t, want %t", door.name, written, got, want)
			}
		}
	}
	for _, written := range []string{"sip:+1900@192.0.2.5", "sip:+1900@192.0.2.5:5080"} { // the proxy
		for _, door := range doors[1:] {
			if door.calls(crossroads(t), written) {
				t.Errorf("%s calls %s", door.name, written)
			}
		}
	}
}

// TestPolicyOnOneMachine: to try the server out, everything is at 127.0.0.1, where the
// trunk calls from and what may be called is told apart by ports.
func TestPolicyOnOneMachine(t *testing.T) {
	conf := config.Default()
	conf.Trunks[0].Gateway.AddrPort = netip.MustParseAddrPort("127.0.0.1:5080")
	d := New(conf)
	for written, want := range map[string]bool{
		"sip:x@127.0.0.1:5090": true, "sip:+1900@127.0.0.1:5080": false, "sip:x@" + conf.SIP.Listen.String(): false,
	} {
		if err := d.Permit(call.Endpoint{Kind: call.URI, Address: written}); (err == nil) != want {
			t.Errorf("%s: %v", written, err)
		}
	}
}

// TestContactWithParametersInItsUser: a user may have semicolons (RFC 3261 §25.1), and
// what stands behind the first of them is not a host.
func TestContactWithParametersInItsUser(t *testing.T) {
	for address, want := range map[string]bool{
		"sip:ana;line=7@192.0.2.130:5070;ob":                    true,
		"sip:lab.example.com;x@198.51.100.2":                    false, // the gateway
		"sip:192.0.2.130;+1900@198.51.100.2":                    false,
		"sip:192.0.2.130;x@192.0.2.130;maddr=198.51.100.2":      false,
		"sip:192.0.2.130;x@192.0.2.130;transport=tcp;m%61ddr=x": false,
		"sip:192.0.2.130;x@lab.example.com;y@198.51.100.2":      false,
	} {
		d := crossroads(t)
		d.conf.SIP.Proxy = sipua.Hop{AddrPort: netip.MustParseAddrPort("192.0.2.5:5060")}
		if got := d.MayBind(address); got != want {
			t.Errorf("a phone may be at %s: %t, want %t", address, got, want)
		}
	}
	d := crossroads(t)
	if d.MayBind("sip:a;b@198.51.100.2") {
		t.Error("a phone may be at a gateway")
	}
}
