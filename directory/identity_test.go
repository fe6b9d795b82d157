package directory

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/sipua"
)

const registering = `
[[agent]]
name = "eve"
user = "eve.desk"
password = "secret"
`

func TestIncomingHoweverSpelled(t *testing.T) {
	d := clinicDirectory(t, "")
	from := netip.MustParseAddrPort("198.51.100.9:5060")
	for _, called := range []string{
		"sip:+493077;npdi@192.0.2.1", "sip:+493077;npdi;rn=+49199@192.0.2.1", "sip:+493077;tgrp=a;trunk-context=b@192.0.2.1",
		"sip:%2B493077@192.0.2.1", "sip:+49(30)77@192.0.2.1", "tel:+49(30)77", "tel:+49-30-77;npdi", "sips:+493077@192.0.2.1",
	} {
		arrived, err := d.Incoming(from, "sip:+49171234;cic=1@198.51.100.9", called)
		if err != nil || arrived.Agent.Address != "ben" {
			t.Errorf("%s is answered by %q, %v; want ben", called, arrived.Agent.Address, err)
		}
		if want := (call.Endpoint{Kind: call.PhoneNumber, Address: "+49171234"}); arrived.Customer != want {
			t.Errorf("the caller is %+v, want %+v", arrived.Customer, want)
		}
	}
	for caller, want := range map[string]call.Endpoint{
		"tel:+49(171)234":             {Kind: call.PhoneNumber, Address: "+49171234"},
		"sip:%2B49171234@192.0.2.200": {Kind: call.PhoneNumber, Address: "+49171234"},
		"sip:carl%61@198.51.100.9:5060": {
			Kind: call.URI, Address: "sip:carla@198.51.100.9", Name: "carla",
		},
	} {
		if arrived, err := d.Incoming(from, caller, "+493077"); err != nil || arrived.Customer != want {
			t.Errorf("%s: got %+v and %v, want %+v", caller, arrived.Customer, err, want)
		}
	}
}

func TestCanonical(t *testing.T) {
	conf, err := config.Parse("f.toml", []byte(strings.Replace(clinic, "[sip]", "[sip]\nphones = [\"192.0.2.0/24\"]", 1)+registering+`
[[agent]]
name = "far"
address = "sip:+49171555@198.51.100.2:5060"
[[agent]]
name = "mobile"
address = "sip:+49171666@203.0.113.7"
[[endpoint]]
name = "bens desk"
address = "sip:ben@192.0.2.8:5060"
`))
	if err != nil {
		t.Fatal(err)
	}
	d := New(conf)
	binding := sipua.Binding{Address: "sip:x7k2@192.0.2.77:5072;transport=udp;ob", Until: time.Now().Add(time.Hour)}
	lines := sipua.Binding{Address: "sip:eve;line=2@192.0.2.78:5072;ob", Until: time.Now().Add(time.Hour)}
	d.phones.known = map[string]phone{"eve": {Registration: Registration{Bindings: []sipua.Binding{binding, lines}}}}
	agent := func(name string) call.Endpoint { return call.Endpoint{Kind: call.AgentEndpoint, Address: name} }
	number := func(n string) call.Endpoint { return call.Endpoint{Kind: call.PhoneNumber, Address: n} }
	uri := func(a string) call.Endpoint { return call.Endpoint{Kind: call.URI, Address: a} }
	for written, want := range map[string]call.Endpoint{
		"bens desk":                               agent("ben"),
		"sip:ben@192.0.2.8":                       agent("ben"),
		"SIP:B%65N@192.0.2.8:5060":                agent("ben"),
		"sip:ben@[::ffff:192.0.2.8]":              agent("ben"),
		"sip:ben@192.0.2.8;transport=udp":         agent("ben"),
		"sip:ben@192.0.2.8:5080":                  uri("sip:ben@192.0.2.8:5080"),
		"sip:other@192.0.2.8":                     uri("sip:other@192.0.2.8"),
		"sip:eve@192.0.2.1":                       agent("eve"), // registered with us
		"sip:eve.desk@192.0.2.1:5060":             agent("eve"),
		"sip:x7k2@192.0.2.77:5072":                agent("eve"), // where she has registered
		"sip:anybody@192.0.2.77:5072":             agent("eve"),
		"sip:other@192.0.2.78:5072":               agent("eve"),    // with a parameter in the user
		"+49 171 666":                             agent("mobile"), // whichever trunk it is called over
		"tel:+49-171-666":                         agent("mobile"),
		"sip:eve@192.0.2.77:5073":                 uri("sip:eve@192.0.2.77:5073"),
		"+49 171 555":                             agent("far"), // a number that is an agent's
		"sip:+49171555@198.51.100.2":              agent("far"),
		"sip:+49(171)555@192.0.2.1":               agent("far"),
		"+49 (30) 1234-5678":                      number("+493012345678"),
		"+49.30.12345":                            number("+493012345"),
		"tel:+49(30)12345":                        number("+493012345"),
		"sip:+4930-12345@198.51.100.2;user=phone": number("+493012345"), // the gateway
		"sip:%2B493012345@192.0.2.1":              number("+493012345"), // as we show callers
		"sip:+493012345@192.0.2.9":                uri("sip:+493012345@192.0.2.9"),
		"sip:x@LAB.example.com:5060":              uri("sip:x@lab.example.com:5060"),
		"sip:x@lab.example.com;transport=tcp":     uri("sip:x@lab.example.com;transport=tcp"),
	} {
		got, err := d.Endpoint(written)
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", written, got, err, want)
		}
		if again := d.Canonical(got); again != got {
			t.Errorf("%q is %+v, and that is %+v", written, got, again)
		}
	}
}

func TestNumberMistakes(t *testing.T) {
	d := clinicDirectory(t, "")
	for written, want := range map[string]string{
		"030 1234":                   `"030 1234" is not a phone number; write it with its country, like "+493012345"`,
		"+49 (0)30 1234":             `"+49 (0)30 1234" is not a phone number; leave out the (0), which is not dialled after the country`,
		"+12":                        `"+12" is not a phone number; after the "+" it has 3 to 15 digits and does not begin with 0, like "+493012345"`,
		"tel:+493012345;ext=7":       `"tel:+493012345;ext=7" is not a phone number; an extension or a local number cannot be dialled; write the whole number, like "+493012345"`,
		"tel:12;phone-context=+4930": `"tel:12;phone-context=+4930" is not a phone number; an extension or a local number cannot be dialled; write the whole number, like "+493012345"`,
		"sips:ben@192.0.2.8":         `"sips:ben@192.0.2.8": a sips: address needs TLS, which this server does not have; write sip: instead`,
	} {
		if got, err := d.Endpoint(written); err == nil || err.Error() != want {
			t.Errorf("%q: got %+v and error\n%v, want\n%s", written, got, err, want)
		}
	}
}
