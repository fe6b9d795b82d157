package directory

import (
	"errors"
	"net/netip"
	"testing"

	"holdfast/call"
	"holdfast/config"
	"holdfast/switchboard"
)

// desks is a house with phones at fixed addresses and phones that register.
const desks = `
[sip]
listen = "192.0.2.1:5060"
phones = ["192.0.2.64/26", "198.51.100.9"]
[[trunk]]
name = "carrier"
addresses = ["198.51.100.0/24"]
gateway = "198.51.100.2:5060"
[[agent]]
name = "ana"
address = "sip:100@192.0.2.7:5071"
[[agent]]
name = "ben"
address = "sip:ben@192.0.2.8"
[[agent]]
name = "bea"
address = "sip:bea@192.0.2.8:5070"
[[agent]]
name = "cora"
user = "200"
password = "hush"
[[agent]]
name = "dan"
address = "sip:dan@198.51.100.7"
[[agent]]
name = "eve"
address = "sip:eve@127.0.0.1:5075"
[[queue]]
name = "sales"
agents = ["ana"]
[[route]]
called = "*"
agent = "ana"
[[endpoint]]
name = "cardiology"
address = "sip:cardiology@192.0.2.9"
[[endpoint]]
name = "pharmacy"
address = "+44 20 555"
[allow]
numbers = ["+4930"]
hosts = ["192.0.2.128/25"]
`

func deskDirectory(t *testing.T, more string) *Directory {
	t.Helper()
	conf, err := config.Parse("desks.toml", []byte(desks+more))
	if err != nil {
		t.Fatal(err)
	}
	return New(conf)
}

// TestPhone: a phone is known by its fixed address or has to prove whose it is, and a
// trunk stays one.
func TestPhone(t *testing.T) {
	d := deskDirectory(t, "")
	for _, test := range []struct {
		from, caller, agent string
		is                  bool
	}{
		{"192.0.2.7:5071", "sip:100@192.0.2.1", "ana", true},
		{"192.0.2.7:40000", "sip:anonymous@anonymous.invalid", "ana", true}, // over TCP, from any port
		{"[::ffff:192.0.2.7]:5071", "sip:100@192.0.2.1", "ana", true},
		{"192.0.2.8:5060", "sip:anything@x", "ben", true},
		{"192.0.2.8:5070", "sip:anything@x", "bea", true},
		{"192.0.2.8:40000", "sip:bea@192.0.2.1", "bea", true},
		{"192.0.2.8:40000", "sip:anything@x", "", false}, // ben's or bea's
		{"192.0.2.70:5060", "sip:200@192.0.2.1", "", true},
		{"192.0.2.70:5060", "sip:+4930@192.0.2.1", "", true},
		{"198.51.100.9:5060", "sip:200@192.0.2.1", "", true}, // a trunk is there, too
		{"198.51.100.9:5060", "sip:CORA@192.0.2.1", "", true},
		{"198.51.100.9:5060", "sip:+4930@carrier", "", false},
		{"198.51.100.9:5060", "sip:ana@carrier", "", false}, // her phone does not register
		{"198.51.100.3:5060", "sip:200@192.0.2.1", "", false},
		{"198.51.100.7:5060", "sip:x@y", "dan", true}, // in the trunk's network, by its port
		{"198.51.100.7:5061", "sip:dan@y", "", false},
		{"127.0.0.1:5075", "sip:x@y", "eve", true},
		{"127.0.0.1:5076", "sip:eve@127.0.0.1:5075", "", false},
		{"203.0.113.1:5060", "sip:ana@192.0.2.1", "", false},
	} {
		if agent, is := d.Phone(netip.MustParseAddrPort(test.from), test.caller); agent != test.agent || is != test.is {
			t.Errorf("%s from %s: %q, %t, want %q, %t", test.caller, test.from, agent, is, test.agent, test.is)
		}
	}
}

func TestClaims(t *testing.T) {
	d := deskDirectory(t, "")
	for caller, want := range map[string]bool{
		"sip:ana@192.0.2.1": false, "sip:100@192.0.2.1": false, "sip:+4930123@192.0.2.1": false,
		"sip:anonymous@anonymous.invalid": false, "sip:192.0.2.1": false,
		"sip:ben@192.0.2.1": true, "sip:200@192.0.2.1": true, "sip:C%6fra@x": true, "sip:b%65a@192.0.2.8": true,
	} {
		if got := d.Claims("ana", caller); got != want {
			t.Errorf("ana's phone as %s claims to be another's: %t", caller, got)
		}
	}
}

// TestDialled: what a phone dials is what the HTTP interface takes for a target, and may
// be dialled as there.
func TestDialled(t *testing.T) {
	d := deskDirectory(t, "")
	cardiology := call.Endpoint{Kind: call.URI, Address: "sip:cardiology@192.0.2.9", Name: "cardiology"}
	for written, want := range map[string]call.Endpoint{
		"+49 30 123":                           {Kind: call.PhoneNumber, Address: "+4930123"},
		"tel:+49-30-123":                       {Kind: call.PhoneNumber, Address: "+4930123"},
		"pharmacy":                             {Kind: call.PhoneNumber, Address: "+4420555", Name: "pharmacy"},
		"Cardiology":                           cardiology,
		"ben":                                  {Kind: call.AgentEndpoint, Address: "ben"},
		"sip:ben@192.0.2.8":                    {Kind: call.AgentEndpoint, Address: "ben"},
		"sip:x@192.0.2.200":                    {Kind: call.URI, Address: "sip:x@192.0.2.200"},
		"sip:+4930123@198.51.100.2":            {Kind: call.PhoneNumber, Address: "+4930123"},
		"sip:+4930123@198.51.100.2;user=phone": {Kind: call.PhoneNumber, Address: "+4930123"},
	} {
		got, err := d.Dialled("ana", written)
		if err != nil || got.Customer != want || got.Agent.Address != "ana" || got.Called != written || got.Rules != d.conf.Rules {
			t.Errorf("%s: %+v, %v; want %+v", written, got, err, want)
		}
	}
	for written, want := range map[string]call.Reason{
		"sales":                               call.Denied,
		"ana":                                 call.Busy,
		"sip:100@192.0.2.7:5071":              call.Busy,
		"+1900555":                            call.Denied,
		"tel:+1900555":                        call.Denied,
		"+4930;phone-context=+1900":           "", // no number, and no name either
		"tel:555;phone-context=+1900":         "",
		"+493012;ext=9":                       "",
		"030 123":                             "",
		"112":                                 "",
		"":                                    "",
		"nobody":                              call.NotFound,
		"*97":                                 call.NotFound,
		"sip:x@203.0.113.9":                   call.Denied,
		"sip:+1900555@198.51.100.2":           call.Denied,
		"sip:+1900555@198.51.100.2:5999":      call.Denied,
		"sip:x@198.51.100.2":                  call.Denied,
		"sip:x@198.51.100.77:9":               call.Denied,
		"sip:x@192.0.2.1":                     call.Denied,
		"sip:+1900555@192.0.2.1":              call.Denied,
		"sip:x@127.0.0.1":                     call.Denied,
		"sip:x@0.0.0.0":                       call.Denied,
		"sip:x@evil.example.com":              call.Denied,
		"sip:x@192.0.2.200;maddr=203.0.113.9": call.NotFound,
		"sip:x@192.0.2.200?Subject=x":         call.NotFound,
		"sips:x@192.0.2.200":                  call.NotFound,
	} {
		_, err := d.Dialled("ana", written)
		why, _ := errors.AsType[*switchboard.DialError](err)
		if err == nil || (why == nil) != (want == "") || why != nil && why.Reason != want {
			t.Errorf("%q: %v, want %q", written, err, want)
		}
	}
}
