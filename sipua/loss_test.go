package sipua

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// losses registers what these Contacts ask for, from a port of the phone, and returns what
// is lost by it.
func (d *desk) losses(contacts ...string) (lost []string) {
	d.Helper()
	if d.nonce == "" {
		d.take(d.request())
	}
	m := d.request(append(contacts, d.credentials(deskPassword))...)
	asked, _ := d.Receive(d.now, m)
	if asked == nil {
		d.Fatalf("%q is refused", contacts)
	}
	after, ok := asked.Apply(d.now, d.bindings)
	if !ok {
		d.Fatalf("%q has been overtaken", contacts)
	}
	for _, l := range asked.Losses(d.now, d.bindings, after) {
		lost = append(lost, fmt.Sprintf("%s %s", l.Binding.Contact, l.Reason))
	}
	d.bindings = after
	return lost
}

func TestLosses(t *testing.T) {
	d := newDesk(t)
	want := func(got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("lost are %q, want %q", got, want)
		}
	}
	want(d.losses("Contact: <sip:200@192.0.2.2:5070>", "User-Agent: Desk\t1/2"))
	begun := d.now
	d.now = d.now.Add(time.Minute)
	want(d.losses("Contact: <sip:200@192.0.2.2:5070>"))
	if b := d.bindings[0]; !b.Since.Equal(begun) || b.UserAgent != "" {
		t.Errorf("a refreshed binding is since %s, of %q", b.Since, b.UserAgent)
	}
	want(d.losses("Contact: <sip:200@192.0.2.2:5070>;expires=0"), "sip:200@192.0.2.2:5070 unregistered")
	want(d.losses("Contact: <sip:200@192.168.1.9:5070>"))
	d.from, d.nonce = netip.AddrPortFrom(d.from.Addr(), 5099), ""
	want(d.losses("Contact: <sip:200@192.168.1.9:5070>"), "sip:200@192.168.1.9:5070 replaced")
	for n := range maxBindings - 1 {
		want(d.losses(fmt.Sprintf("Contact: <sip:200@192.0.2.2:%d>", 6000+n)))
	}
	want(d.losses("Contact: <sip:200@192.0.2.2:7000>"), "sip:200@192.168.1.9:5070 evicted")
	if got := d.losses("Contact: *", "Expires: 0"); len(got) != maxBindings || strings.Contains(strings.Join(got, ""), "evicted") {
		t.Errorf("lost are %q", got)
	}
}

func TestUserAgentOf(t *testing.T) {
	d := newDesk(t)
	d.losses("Contact: <sip:200@192.0.2.2>", "User-Agent: Desk\x01 é"+strings.Repeat("x", 200))
	if got, want := d.bindings[0].UserAgent, "Desk é"+strings.Repeat("x", maxUserAgent-6); got != want {
		t.Errorf("the user agent is %q, want %q", got, want)
	}
}
