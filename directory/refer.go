package directory

import (
	"net/netip"
	"slices"

	"holdfast/config"
)

// Refers reports whether a call with a party at an address may be transferred by REFER.
// What a trunk sends comes from outside, so a trunk may only if the configuration says
// so. A phone that has an address of its own, or has registered, is told from a trunk at
// the same IP address by its port.
func (d *Directory) Refers(from netip.AddrPort) bool {
	at := netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	if d.registeredAt(at.Addr(), at.Port()) || d.phoneAt(at) {
		return true
	}
	i := slices.IndexFunc(d.conf.Trunks, func(t config.Trunk) bool {
		return within(t.Addresses, at.Addr()) || t.Gateway.Addr().Unmap() == at.Addr()
	})
	return i < 0 || d.conf.Trunks[i].Refer
}

// phoneAt reports whether the configuration has a phone at an address. What passes calls
// on, such as a gateway, is no phone.
func (d *Directory) phoneAt(at netip.AddrPort) bool {
	return slices.ContainsFunc(d.addresses(), func(configured string) bool {
		a, err := config.ParseAddress(configured)
		return err == nil && a.LeadsTo(at) && !d.passesOn(a)
	})
}
