package hostcheck

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestAllow(t *testing.T) {
	named := Names{Address: netip.MustParseAddr("192.0.2.1"), Public: []string{"holdfast.example.com", "203.0.113.9"}}
	everywhere := Names{Address: netip.MustParseAddr("0.0.0.0")}
	for _, test := range []struct {
		names Names
		host  string
		want  bool
	}{
		{Names{}, "localhost", true},
		{Names{}, "LOCALHOST:8090", true},
		{Names{}, "127.0.0.1:8090", true},
		{Names{}, "127.9.9.9", true},
		{Names{}, "[::1]:8090", true},
		{Names{}, "[::1]", true},
		{Names{}, "[::ffff:127.0.0.1]:80", true},
		{Names{}, "", false},
		{Names{}, "192.0.2.1", false},
		{Names{}, "holdfast.example.com", false},
		{Names{}, "localhost.", false},
		{Names{}, "localhost.evil.example", false},
		{Names{}, "evil.localhost", false},
		{Names{}, "127.0.0.1.evil.example:8090", false},
		{Names{}, "2130706433", false}, // 127.0.0.1 as a number: browsers send it as an address
		{Names{}, "localhost:x=y;", false},
		{Names{}, "localhost:", false},
		{named, "holdfast.example.com", true},
		{named, "Holdfast.Example.COM:8443", true},
		{named, "203.0.113.9:8443", true},
		{named, "192.0.2.1:8090", true},
		{named, "localhost:8090", true},
		{named, "192.0.2.2:8090", false},
		{named, "holdfast.example.com.", false},
		{named, "holdfast.example.com.evil.example", false},
		{named, "evil-holdfast.example.com", false},
		{named, "xholdfast.example.com", false},
		{named, "example.com", false},
		{named, "holdfast.example.com@evil.example", false},
		{named, "evil.example:80@holdfast.example.com", false},
		{named, "höldfast.example.com", false},
		{named, "xn--hldfast-90a.example.com", false},
		{everywhere, "198.51.100.7:8090", true},
		{everywhere, "evil.example", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = test.host
		if got := test.names.Allow(r); got != test.want {
			t.Errorf("%+v asked as %q: got %v, want %v", test.names, test.host, got, test.want)
		}
	}
}
