package directory

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/config"
	"holdfast/sipua"
	"holdfast/switchboard"
)

const clinic = `
[sip]
listen = "192.0.2.1:5060"
[[trunk]]
name = "carrier"
addresses = ["198.51.100.0/24", "2001:db8::5"]
gateway = "198.51.100.2:5060"
[[agent]]
name = "ana"
address = "sip:ana@192.0.2.7:5071"
[[agent]]
name = "ben"
address = "sip:ben@192.0.2.8"
[[route]]
called = "*"
agent = "ana"
[[route]]
called = "+49 30 77"
agent = "ben"
[[endpoint]]
name = "cardiology"
address = "sip:cardiology@192.0.2.9"
[[endpoint]]
name = "pharmacy"
address = "+44 20 555"
[allow]
numbers = ["+4930"]
hosts = ["192.0.2.128/25", "Lab.example.com", "198.51.100.2", "192.0.2.1"]
`

func clinicDirectory(t *testing.T, more string) *Directory {
	t.Helper()
	conf, err := config.Parse("clinic.toml", []byte(clinic+more))
	if err != nil {
		t.Fatal(err)
	}
	return New(conf)
}

func TestIncoming(t *testing.T) {
	d := clinicDirectory(t, "")
	for _, test := range []struct {
		from, called string
		agent        string
		err          error
	}{
		{"198.51.100.9:5060", "+493077", "ben", nil},
		{"198.51.100.9:5060", "sip:+493077@192.0.2.1:5060", "ben", nil},
		{"198.51.100.9:40000", "reception", "ana", nil},
		{"[2001:db8::5]:5060", "+493078", "ana", nil},
		{"[::ffff:198.51.100.9]:5060", "+493078", "ana", nil},
		{"203.0.113.1:5060", "+493077", "", ErrStranger},
		{"192.0.2.7:5071", "+493077", "", ErrStranger}, // an agent's phone is no trunk
	} {
		arrived, err := d.Incoming(netip.MustParseAddrPort(test.from), "+49171234", test.called)
		if !errors.Is(err, test.err) || arrived.Agent.Address != test.agent {
			t.Errorf("%s calling %s: got agent %q and error %v, want %q and %v",
				test.from, test.called, arrived.Agent.Address, err, test.agent, test.err)
		}
	}
}

func TestIncomingCustomer(t *testing.T) {
	d := clinicDirectory(t, "")
	for caller, want := range map[string]call.Endpoint{
		"+49171234":                       {Kind: call.PhoneNumber, Address: "+49171234"},
		"sip:+49171234@198.51.100.9:5060": {Kind: call.PhoneNumber, Address: "+49171234"},
		"sip:carla@198.51.100.9":          {Kind: call.URI, Address: "sip:carla@198.51.100.9", Name: "carla"},
	} {
		arrived, err := d.Incoming(netip.MustParseAddrPort("198.51.100.9:5060"), caller, "+493077")
		if err != nil || arrived.Customer != want {
			t.Errorf("%s: got %+v and %v, want %+v", caller, arrived.Customer, err, want)
		}
		if arrived.Called != "+493077" || arrived.Rules != call.DefaultRules() {
			t.Errorf("%s: got %+v", caller, arrived)
		}
	}
}

func TestIncomingWithoutRoute(t *testing.T) {
	conf, err := config.Parse("f.toml", []byte("[[agent]]\nname=\"ana\"\naddress=\"sip:ana@127.0.0.1:5071\"\n[[route]]\ncalled=\"+491\"\nagent=\"ana\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(conf).Incoming(netip.MustParseAddrPort("127.0.0.1:5070"), "x", "+492"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want %v", err, ErrNotFound)
	}
}

func TestKnown(t *testing.T) {
	d := clinicDirectory(t, "")
	for from, want := range map[string]bool{
		"198.51.100.77:9": true,  // trunk
		"192.0.2.7:1234":  true,  // agent
		"192.0.2.9:5060":  true,  // endpoint
		"192.0.2.200:1":   false, // may be dialled, but is a stranger
		"203.0.113.1:1":   false,
	} {
		if got := d.Known(netip.MustParseAddrPort(from)); got != want {
			t.Errorf("%s: known is %v, want %v", from, got, want)
		}
	}
}

func TestEndpoint(t *testing.T) {
	d := clinicDirectory(t, "")
	for written, want := range map[string]call.Endpoint{
		"cardiology":         {Kind: call.URI, Address: "sip:cardiology@192.0.2.9", Name: "cardiology"},
		" CARDIOLOGY ":       {Kind: call.URI, Address: "sip:cardiology@192.0.2.9", Name: "cardiology"},
		"pharmacy":           {Kind: call.PhoneNumber, Address: "+4420555", Name: "pharmacy"},
		"Ben":                {Kind: call.AgentEndpoint, Address: "ben"},
		"+49 30 123-456":     {Kind: call.PhoneNumber, Address: "+4930123456"},
		"sip:x@192.0.2.9:99": {Kind: call.URI, Address: "sip:x@192.0.2.9:99"},
	} {
		if got, err := d.Endpoint(written); err != nil || got != want {
			t.Errorf("%q: got %+v and %v, want %+v", written, got, err, want)
		}
	}
	for written, want := range map[string]string{
		"cardiolgy":         `not-found: no agent, queue or endpoint is called "cardiolgy"; did you mean "cardiology"?`,
		"card":              `not-found: no agent, queue or endpoint is called "card"; did you mean "cardiology"?`,
		"radiation":         `not-found: no agent, queue or endpoint is called "radiation"`,
		"030 1234":          `"030 1234" is not a phone number; write it with its country, like "+493012345"`,
		"":                  `a target is missing: give a name, a phone number or a sip: address`,
		"sip:x@":            `"sip:x@": "" is neither an IP address nor a host name`,
		"sip:x@1.2.3.4:0":   `"sip:x@1.2.3.4:0": "0" is not a port; give a number from 1 to 65535`,
		"sip:x@1.2.3.4?a":   `"sip:x@1.2.3.4?a": "1.2.3.4?a" is neither an IP address nor a host name`,
		"sip:x\r\n@1.1.1.1": "\"sip:x\\r\\n@1.1.1.1\": invalid user part \"x\\r\\n\" before the @",
		"sip:x@1.2.3.4;lr":  `"sip:x@1.2.3.4;lr": the only parameters an address may have are transport=udp or transport=tcp, and user=phone`,
	} {
		if got, err := d.Endpoint(written); err == nil || err.Error() != want {
			t.Errorf("%q: got %+v and error\n%v, want\n%s", written, got, err, want)
		}
	}
}

func TestPermit(t *testing.T) {
	d := clinicDirectory(t, "")
	for _, test := range []struct {
		endpoint call.Endpoint
		want     call.Reason // empty: permitted
	}{
		{call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}, ""},
		{call.Endpoint{Kind: call.AgentEndpoint, Address: "eve"}, call.NotFound},
		{call.Endpoint{Kind: call.PhoneNumber, Address: "+4930123"}, ""},
		{call.Endpoint{Kind: call.PhoneNumber, Address: "+4420555"}, ""}, // the pharmacy
		{call.Endpoint{Kind: call.PhoneNumber, Address: "+4420556"}, call.Denied},
		{call.Endpoint{Kind: call.PhoneNumber, Address: "030"}, call.NotFound},
		{call.Endpoint{Kind: call.URI, Address: "sip:cardiology@192.0.2.9"}, ""}, // configured
		{call.Endpoint{Kind: call.URI, Address: "sip:other@192.0.2.9"}, call.Denied},
		{call.Endpoint{Kind: call.URI, Address: "sip:x@192.0.2.130"}, ""},
		{call.Endpoint{Kind: call.URI, Address: "sip:x@[::ffff:192.0.2.130]"}, ""},
		{call.Endpoint{Kind: call.URI, Address: "sip:x@lab.EXAMPLE.com"}, ""},
		{call.Endpoint{Kind: call.URI, Address: "sip:x@example.com"}, call.Denied},
		{call.Endpoint{Kind: call.URI, Address: "sip:x@192.0.2.1"}, call.Denied},        // ourselves
		{call.Endpoint{Kind: call.URI, Address: "sip:+1900@198.51.100.2"}, call.Denied}, // around [allow] numbers
		{call.Endpoint{Kind: call.URI, Address: "sip:+1900@198.51.100.2:5080"}, call.Denied},
		{call.Endpoint{Kind: call.URI, Address: "http://192.0.2.130"}, call.NotFound},
	} {
		err := d.Permit(test.endpoint)
		var refused *switchboard.DialError
		got := call.Reason("")
		if errors.As(err, &refused) {
			got = refused.Reason
		}
		if got != test.want || (err != nil && refused == nil) {
			t.Errorf("%+v: got %v, want %q", test.endpoint, err, test.want)
		}
	}
}

func TestResolve(t *testing.T) {
	d := clinicDirectory(t, "")
	for _, test := range []struct {
		kind          call.EndpointKind
		address, want string
	}{
		{call.AgentEndpoint, "ana", "sip:ana@192.0.2.7:5071"},
		{call.PhoneNumber, "+4930123", "sip:+4930123@198.51.100.2:5060"},
		{call.URI, "sip:x@192.0.2.9", "sip:x@192.0.2.9"},
		{call.URI, "sip:x@lab.example.com", `unreachable: "lab.example.com" is a host name, and there is no [sip] proxy that could look it up`},
		{call.AgentEndpoint, "eve", `not-found: no [[agent]] is called "eve"`},
	} {
		got, err := d.Resolve(call.Endpoint{Kind: test.kind, Address: test.address})
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.address, got, test.want)
		}
	}
}

func TestOverTCP(t *testing.T) {
	conf, err := config.Parse("f.toml", []byte(strings.Replace(clinic, `listen = "192.0.2.1:5060"`, `listen = "192.0.2.1:5060"
tcp = true
proxy = "192.0.2.5:5060;Transport=TCP"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if !conf.SIP.Carries(sipua.TCP) || conf.SIP.Proxy.URI("x") != "sip:x@192.0.2.5:5060;transport=tcp" || conf.Trunks[0].Gateway.Transport != sipua.UDP {
		t.Errorf("read %+v and %+v", conf.SIP, conf.Trunks[0])
	}
	number := call.Endpoint{Kind: call.PhoneNumber, Address: "+4930123"}
	phone := call.Endpoint{Kind: call.URI, Address: "sip:x@192.0.2.130;transport=tcp"}
	resolve := func(e call.Endpoint, want string) {
		t.Helper()
		got, err := New(conf).Resolve(e)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", e, got, want)
		}
	}
	resolve(number, "sip:+4930123@198.51.100.2:5060")
	conf.Trunks[0].Gateway.Transport = sipua.TCP
	resolve(number, "sip:+4930123@198.51.100.2:5060;transport=tcp")
	conf.Trunks[0].Gateway = sipua.Hop{}
	resolve(number, "sip:+4930123@192.0.2.5:5060;transport=tcp")
	resolve(phone, "sip:x@192.0.2.130;transport=tcp")
	if err := New(conf).Permit(phone); err != nil {
		t.Error(err)
	}
	conf.SIP.Transports = nil
	resolve(phone, `unreachable: "sip:x@192.0.2.130;transport=tcp" is reached over TCP, and [sip] tcp is off`)
}

func TestPasswords(t *testing.T) {
	t.Setenv("TRUNK_PASSWORD", "open sesame")
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("shut sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for written, want := range map[string]string{
		`password = "plain"`:                       "plain",
		`password = "${TRUNK_PASSWORD}"`:           "open sesame",
		fmt.Sprintf("password_file = %q", file):    "shut sesame",
		"password = \"${\"\nrealm = \"sip.trunk\"": "${",
	} {
		conf, err := config.Parse("f.toml", fmt.Appendf(nil, "[[trunk]]\nname = \"carrier\"\naddresses = [\"192.0.2.9\"]\nuser = \"us\"\n%s\n", written))
		if err != nil {
			t.Errorf("%s: %v", written, err)
			continue
		}
		if got := conf.Trunks[0]; string(got.Password) != want || got.User != "us" {
			t.Errorf("%s: user %q has password %q", written, got.User, string(got.Password))
		}
		if printed := fmt.Sprintf("%v %+v %#v %s", conf, conf.Trunks, conf, conf.Trunks[0].Password); strings.Contains(printed, want) {
			t.Errorf("the password is printed: %s", printed)
		}
	}
}

func TestKeysAreNotPrinted(t *testing.T) {
	t.Setenv("DIALLER_KEY", "a-secret-of-the-environment")
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("a-secret-of-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	conf, err := config.Parse("f.toml", fmt.Appendf(nil, "[[key]]\nname = \"a\"\nsecret = \"${DIALLER_KEY}\"\n[[key]]\nname = \"b\"\nsecret_file = %q\n", file))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"a-secret-of-the-environment", "a-secret-of-a-file"} {
		if got := string(conf.Keys[i].Secret); got != want {
			t.Errorf("the secret of %s is %q, want %q", conf.Keys[i].Name, got, want)
		}
		if printed := fmt.Sprintf("%v %+v %#v", conf, conf, conf.Keys); strings.Contains(printed, want) {
			t.Errorf("the secret is printed: %s", printed)
		}
	}
}

func TestNumbersGoThroughTheProxyWithoutAGateway(t *testing.T) {
	number := call.Endpoint{Kind: call.PhoneNumber, Address: "+4930123"}
	conf := config.Default()
	if _, err := New(conf).Resolve(number); err == nil {
		t.Error("a number was resolved without a gateway")
	}
	conf.SIP.Proxy.AddrPort = netip.MustParseAddrPort("127.0.0.1:5090")
	if got, err := New(conf).Resolve(number); got != "sip:+4930123@127.0.0.1:5090" {
		t.Errorf("got %s and %v", got, err)
	}
}

func TestIdentifies(t *testing.T) {
	trunk := "[[trunk]]\nname = %q\ngateway = \"198.51.100.2:5060\"\nidentity = %t\n"
	number := call.Endpoint{Kind: call.PhoneNumber, Address: "+4930"}
	for _, test := range []struct {
		conf string
		to   call.Endpoint
		want bool
	}{
		{fmt.Sprintf(trunk, "a", true), number, true},
		{fmt.Sprintf(trunk, "a", true) + fmt.Sprintf(trunk, "b", false), number, true},
		{fmt.Sprintf(trunk, "a", false) + fmt.Sprintf(trunk, "b", true), number, false},
		{fmt.Sprintf(trunk, "a", true), call.Endpoint{Kind: call.URI, Address: "sip:x@192.0.2.1"}, false},
		{"", number, false},
	} {
		conf, err := config.Parse("f.toml", []byte(test.conf))
		if err != nil {
			t.Fatal(err)
		}
		if got := New(conf).Identifies(test.to); got != test.want {
			t.Errorf("with\n%s\n%s is told who calls: %t, want %t", test.conf, test.to, got, test.want)
		}
	}
}

// FuzzEndpoint: the directory finds and permits everything that a
// configuration names.
func FuzzEndpoint(f *testing.F) {
	f.Add([]byte(config.Manual()))
	f.Add([]byte("[sip]\nlisten = \"[::1]:5060\"\n[[agent]]\nname=\"x\"\naddress=\"sip:[::1]\"\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		conf, err := config.Parse("f.toml", content)
		if err != nil {
			return
		}
		d := New(conf)
		for _, name := range d.names() {
			e, err := d.Endpoint(name)
			if err != nil || d.Permit(e) != nil {
				t.Errorf("%q is in the file, but: %v, %v", name, err, d.Permit(e))
			}
		}
		for _, r := range conf.Routes {
			if err := d.Permit(r.Answers()); err != nil {
				t.Errorf("route to nobody: %+v", r)
			}
		}
	})
}
