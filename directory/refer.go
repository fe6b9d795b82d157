package directory

import (
	"net/netip"
	"slices"

	"holdfast/config"
)

// Refers reports whether a REFER from an address is taken. One from a trunk comes from
// outside, so it is taken only if the trunk has refer = true. A phone at a configured
// address, or one that has registered, is distinguished from a trunk with the same IP
// address by its port. From an address that is not expected to call, no REFER is taken: a
// party behind a trunk that passes our address on could send it past the trunk.
func (d *Directory) Refers(from netip.AddrPort) bool {
	at := netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	if d.registeredAt(at.Addr(), at.Port()) || d.phoneAt(at) {
		return true
	}
	i := slices.IndexFunc(d.conf.Trunks, func(t config.Trunk) bool {
		return netip.AddrPortFrom(t.Gateway.Addr().Unmap(), t.Gateway.Port()) == at
	})
	if i < 0 {
		i = slices.IndexFunc(d.conf.Trunks, func(t config.Trunk) bool {
			return within(t.Addresses, at.Addr()) || t.Gateway.Addr().Unmap() == at.Addr()
		})
	}
	if i < 0 {
		return d.Expected(at)
	}
	return d.conf.Trunks[i].Refer
}

// phoneAt reports whether the configuration has a phone at an address. A machine that
// passes calls on, such as a gateway, is not a phone.
func (d *Directory) phoneAt(at netip.AddrPort) bool {
	return slices.ContainsFunc(d.addresses(), func(configured string) bool {
		a, err := config.ParseAddress(configured)
		return err == nil && a.LeadsTo(at) && !d.passesOn(a)
	})
}
