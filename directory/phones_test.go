package directory

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// A shelf is a Store in memory.
type shelf struct {
	kept []switchboard.Item
	err  error // of the next Put
}

func (s *shelf) Put(_ context.Context, kind, name string, data []byte, after uint64) (uint64, error) {
	if s.err != nil {
		return 0, s.err
	}
	i := slices.IndexFunc(s.kept, func(k switchboard.Item) bool { return k.Name == name })
	switch {
	case kind != phoneKind:
		return 0, errors.New("this is no phone")
	case i < 0 && after == 0:
		s.kept = append(s.kept, switchboard.Item{Name: name, Data: data, Seq: 1})
		return 1, nil
	case i < 0 || s.kept[i].Seq != after:
		return 0, switchboard.ErrFenced
	}
	s.kept[i].Data, s.kept[i].Seq = data, after+1
	return after + 1, nil
}

func (s *shelf) All(context.Context, string) ([]switchboard.Item, error) { return s.kept, nil }

// wardDirectory has the clinic and a phone that registers.
func wardDirectory(t *testing.T, store switchboard.Store, now *time.Time) *Directory {
	t.Helper()
	d := clinicDirectory(t, "")
	d.conf.SIP.Phones = []netip.Prefix{netip.MustParsePrefix("192.0.2.64/26")}
	d.conf.Agents = append(d.conf.Agents, config.Agent{Name: "Ward", User: "200", Password: "hush"})
	d.phones.now = func() time.Time { return *now }
	if err := d.KeepPhones(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	return d
}

var (
	noon    = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	theWard = call.Endpoint{Kind: call.AgentEndpoint, Address: "ward"}
	desk    = netip.MustParseAddrPort("192.0.2.70:5062")
)

func wardAt(address string, until time.Time) sipua.Binding {
	return sipua.Binding{Contact: address, Address: address, From: desk, Until: until, Order: "7 call"}
}

// TestPhoneIsWhereItHasRegistered: the newest place counts, until its time is
// over, also for the process that comes after this one.
func TestPhoneIsWhereItHasRegistered(t *testing.T) {
	now, store := noon, &shelf{}
	d := wardDirectory(t, store, &now)
	wantUnregistered(t, d)
	err := d.Bind(t.Context(), "Ward", []sipua.Binding{
		wardAt("sip:200@192.0.2.70:5062;line=1", noon.Add(2*time.Minute)),
		wardAt("sip:200@192.0.2.70:5062;line=2", noon.Add(time.Minute)),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []*Directory{d, wardDirectory(t, store, &now)} {
		now = noon
		for _, want := range []string{"sip:200@192.0.2.70:5062;line=2", "sip:200@192.0.2.70:5062;line=1"} {
			if got, err := d.Resolve(theWard); got != want || err != nil {
				t.Errorf("the ward is at %q (%v), want %s", got, err, want)
			}
			if !d.Known(desk) || d.Permit(theWard) != nil {
				t.Error("the ward's phone is a stranger")
			}
			now = now.Add(time.Minute)
		}
		wantUnregistered(t, d)
	}
}

// wantUnregistered: the ward may be called, but is nowhere.
func wantUnregistered(t *testing.T, d *Directory) {
	t.Helper()
	_, err := d.Resolve(theWard)
	why, ok := errors.AsType[*switchboard.DialError](err)
	if !ok || why.Reason != call.Unreachable || why.Detail != "Ward's phone is not registered" {
		t.Errorf("a phone that is not registered: %v", err)
	}
	if d.Known(desk) {
		t.Error("requests are answered that come from where no phone is")
	}
	if err := d.Permit(theWard); err != nil {
		t.Errorf("nobody may call the ward: %v", err)
	}
}

// TestBindingThatIsNotKept: it does not count, and the next one does even if
// somebody else has written meanwhile.
func TestBindingThatIsNotKept(t *testing.T) {
	now, store := noon, &shelf{}
	d := wardDirectory(t, store, &now)
	here := []sipua.Binding{wardAt("sip:200@192.0.2.70", noon.Add(time.Minute))}
	store.err = errors.New("the disk is full")
	if err := d.Bind(t.Context(), "Ward", here, nil); !errors.Is(err, store.err) {
		t.Errorf("binding on a full disk: %v", err)
	}
	wantUnregistered(t, d)
	store.err = nil
	if err := wardDirectory(t, store, &now).Bind(t.Context(), "Ward", nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.Bind(t.Context(), "Ward", here, nil); !errors.Is(err, switchboard.ErrFenced) {
		t.Errorf("binding over what somebody else wrote: %v", err)
	}
	if err := d.Bind(t.Context(), "Ward", here, nil); err != nil {
		t.Errorf("binding once more: %v", err)
	}
	if _, err := d.Resolve(theWard); err != nil {
		t.Error(err)
	}
}

func TestWhoMayRegister(t *testing.T) {
	now := noon
	d := wardDirectory(t, &shelf{}, &now)
	for user, want := range map[string]string{"200": "Ward", "ana": "", "": "", "Ward": ""} {
		account, ok := d.Account(user)
		if account.Name != want || ok != (want != "") || ok && account.Password != "hush" {
			t.Errorf("%q is %q, %t", user, account.Name, ok)
		}
	}
	for from, want := range map[string]bool{"192.0.2.70:5060": true, "[::ffff:192.0.2.70]:1": true, "192.0.2.7:5060": false, "[2001:db8::5]:5060": false} {
		if got := d.MayRegister(netip.MustParseAddrPort(from)); got != want {
			t.Errorf("a phone at %s may register: %t", from, got)
		}
	}
	if nobody := clinicDirectory(t, ""); nobody.MayRegister(desk) {
		t.Error("phones may register that nothing is said of")
	}
}

// TestWherePhonesMayBe: behind a proxy a phone names where it is called, which
// is nowhere that the proxy would have to pay for.
func TestWherePhonesMayBe(t *testing.T) {
	now := noon
	d := wardDirectory(t, &shelf{}, &now)
	d.conf.Allow = config.Allow{Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}, Names: []string{"phones.example"}}
	d.conf.SIP.Listen = netip.MustParseAddrPort("192.0.2.64:5060")
	d.conf.Trunks = []config.Trunk{
		{Gateway: sipua.Hop{AddrPort: netip.MustParseAddrPort("192.0.2.66:5060")}},
		{Gateway: sipua.Hop{AddrPort: netip.MustParseAddrPort("192.0.2.67:5060")}, Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.68/32")}},
	}
	elsewhere := []string{
		"sip:+19005550100@203.0.113.9", "sip:+19005550100@carrier.example", "sip:+19005550100@192.0.2.65",
		"sip:+19005550100@192.0.2.65:5080", "sip:+19005550100@192.0.2.66", "sip:+19005550100@192.0.2.66:5080",
		"sip:+19005550100@192.0.2.67", "sip:+19005550100@192.0.2.68", "sip:200@192.0.2.64", "sip:200@[::ffff:192.0.2.64]",
		"sip:200@192.0.2.70;maddr=192.0.2.66", "sip:200@192.0.2.70;line=7;MADDR=192.0.2.66", "sip:200@192.0.2.70;m%61ddr=192.0.2.66",
		"sip:200@3221225990", "sip:200%00@", "tel:+19005550100",
	}
	for _, address := range elsewhere {
		d.conf.SIP.Proxy = sipua.Hop{}
		isGateway := address == "sip:+19005550100@192.0.2.66" || address == "sip:+19005550100@192.0.2.67"
		if d.MayBind(address) == isGateway {
			t.Errorf("without a proxy a phone may be at %s: %t", address, isGateway)
		}
		d.conf.SIP.Proxy.AddrPort = netip.MustParseAddrPort("192.0.2.65:5060")
		if d.MayBind(address) {
			t.Errorf("a phone may be at %s", address)
		}
	}
	for _, address := range []string{
		"sip:200@192.0.2.70", "sip:200@192.0.2.70:5070;line=7;ob", "sip:200@192.0.2.70;transport=tcp", "sip:192.0.2.70",
		"sip:200@198.51.100.7", "sip:200@Phones.example", "sip:200@192.0.2.64:5070",
	} {
		if !d.MayBind(address) {
			t.Errorf("a phone may not be at %s", address)
		}
	}
	good, bad := wardAt("sip:200@192.0.2.70", noon.Add(time.Minute)), wardAt(elsewhere[0], noon.Add(time.Minute))
	if err := d.Bind(t.Context(), "Ward", []sipua.Binding{good, bad}, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Resolve(theWard); got != good.Address || err != nil {
		t.Errorf("the ward is at %q (%v), want %s", got, err, good.Address)
	}
}
