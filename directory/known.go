package directory

import (
	"net/netip"

	"holdfast/config"
)

// Known reports whether requests from there are answered at all: it is a trunk,
// the proxy, or the machine of a configured agent or endpoint, or of a phone
// that has registered.
func (d *Directory) Known(from netip.AddrPort) bool {
	return d.machine(from.Addr()) || d.registeredAt(from.Addr(), 0)
}

// Trusted reports whether the machine connecting from there is certainly known: a
// machine that the configuration names, or a phone at the port it has registered from.
func (d *Directory) Trusted(from netip.AddrPort) bool {
	return d.machine(from.Addr()) || from.Port() != 0 && d.registeredAt(from.Addr(), from.Port())
}

// Expected reports whether a peer may connect from there: Known, or a phone that may
// register, or a target that may be called.
func (d *Directory) Expected(from netip.AddrPort) bool {
	return d.Known(from) || d.MayRegister(from) || allows(d.conf.Allow.Networks, from.Addr().Unmap())
}

// machine reports whether the configuration names the machine with that address.
func (d *Directory) machine(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsValid() && (d.trunk(ip) || ip == d.conf.SIP.Proxy.Addr().Unmap() || d.machines[ip])
}

// machinesOf returns the addresses of the machines that a configuration names.
func machinesOf(addresses []string) map[netip.Addr]bool {
	found := map[netip.Addr]bool{}
	for _, configured := range addresses {
		if a, err := config.ParseAddress(configured); err == nil && a.IP.IsValid() {
			found[a.IP] = true
		}
	}
	return found
}
