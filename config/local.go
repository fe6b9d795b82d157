package config

import (
	"net/netip"
	"slices"

	"holdfast/sipua"
)

// Local is our side of every SIP dialog of a server that listens at an address.
func (c Config) Local(at netip.AddrPort, userAgent string) sipua.Local {
	return sipua.Local{
		Address: at, Transport: c.SIP.Proxy.Transport, Transports: c.SIP.Transports,
		Proxy: c.SIP.Proxy.AddrPort, UserAgent: userAgent, Credentials: c.credentials(),
		SessionExpires: c.SIP.SessionExpires, T1: c.SIP.T1,
	}
}

// credentials are those with which we answer challenges. Only the trunk they are
// for may ask, and the proxy on its behalf.
func (c Config) credentials() []sipua.Credentials {
	var all []sipua.Credentials
	for _, t := range c.Trunks {
		if t.User == "" {
			continue
		}
		peers := slices.Clone(t.Addresses)
		for _, at := range []sipua.Hop{t.Gateway, c.SIP.Proxy} {
			if at.IsValid() {
				peers = append(peers, netip.PrefixFrom(at.Addr(), at.Addr().BitLen()))
			}
		}
		all = append(all, sipua.Credentials{Peers: peers, Realm: t.Realm, User: t.User, Password: string(t.Password)})
	}
	return all
}
