package directory

import (
	"net/netip"
	"slices"
	"strings"

	"holdfast/call"
	"holdfast/config"
)

// policy returns why no call may be made to an address, or nil. It is the only policy
// about addresses that the configuration does not name, at every door: the HTTP
// interface, the agents' page, a phone that dials or sends a REFER, and the Contact of a
// phone that registers. A redirection (3xx) is not followed.
//
// An address may be called if [allow] hosts has it, or if it is in one of the networks
// besides. A machine that would pass the call on, such as a gateway, is never called by
// its address, at any port: the numbers it may dial are limited by [allow] numbers. The
// error is a *switchboard.DialError.
func (d *Directory) policy(a config.Address, besides ...netip.Prefix) error {
	switch {
	case a.LeadsTo(d.conf.SIP.Listen):
		return refused(call.Denied, "that is this server itself")
	case d.passesOn(a):
		return refused(call.Denied, "%s is where a trunk or the proxy is; give the phone number instead", a.IP)
	case allows(d.conf.Allow.Networks, a.IP), allows(besides, a.IP), slices.Contains(d.conf.Allow.Names, a.Host):
		return nil
	case a.Host != "":
		return refused(call.Denied, "%s is none of [allow] hosts", a.Host)
	}
	return refused(call.Denied, "%s is none of [allow] hosts", a.IP)
}

// passesOn reports whether the program at an address calls others. Loopback addresses
// have many programs, which only the port distinguishes, so there only a gateway and
// the proxy count and not the addresses from which trunks call.
func (d *Directory) passesOn(a config.Address) bool {
	if a.IP.IsLoopback() {
		return slices.ContainsFunc(d.next(), a.LeadsTo)
	}
	return a.IP.IsValid() && (d.trunk(a.IP) ||
		slices.ContainsFunc(d.next(), func(at netip.AddrPort) bool { return at.Addr().Unmap() == a.IP }))
}

// next are the machines to which we pass calls on: all gateways and the proxy.
func (d *Directory) next() []netip.AddrPort {
	all := []netip.AddrPort{d.conf.SIP.Proxy.AddrPort}
	for _, t := range d.conf.Trunks {
		all = append(all, t.Gateway.AddrPort)
	}
	return all
}

// allows reports whether a network has an address at which one machine is. The
// addresses of this machine are only in networks of this machine: 0.0.0.0/0 has no
// loopback address.
func allows(networks []netip.Prefix, ip netip.Addr) bool {
	return ip.IsValid() && !ip.IsUnspecified() && !ip.IsMulticast() && ip != broadcast &&
		slices.ContainsFunc(networks, func(n netip.Prefix) bool {
			return n.Contains(ip) && (!ip.IsLoopback() || n.Addr().IsLoopback())
		})
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// MayBind reports whether a phone may be called at that sip: address. Without a proxy,
// the registrar makes that the address the phone sends from, so it only must not be a
// gateway's. Behind one, a phone could name an address that the proxy would call for
// money, so it must be where phones are or where anyone may call.
func (d *Directory) MayBind(address string) bool {
	address, params := splitParams(address)
	a, err := config.ParseAddress(address)
	if !d.conf.SIP.Proxy.IsValid() {
		return err != nil || !slices.ContainsFunc(d.next(), a.LeadsTo)
	}
	return err == nil && !leadsElsewhere(params) && d.policy(a, d.conf.SIP.Phones...) == nil
}

// splitParams splits a Contact into the address and the parameters behind its host. The
// user before it may have semicolons, too (RFC 3261 §25.1).
func splitParams(contact string) (address, params string) {
	host := strings.IndexByte(contact, '@') + 1
	address, params, _ = strings.Cut(contact[host:], ";")
	return contact[:host] + address, params
}

// leadsElsewhere reports whether requests to an address with these parameters
// might not go to its host (RFC 3261 §19.1.1).
func leadsElsewhere(params string) bool {
	if strings.Contains(params, "@") {
		return true // others may take it for the end of the user
	}
	for p := range strings.SplitSeq(params, ";") {
		name, _, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(name), "maddr") || strings.Contains(name, "%") {
			return true
		}
	}
	return false
}
