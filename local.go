package holdfast

import (
	"net/netip"
	"slices"

	"holdfast/config"
	"holdfast/sipua"
)

// local is our side of every SIP dialog, at that address.
func local(at netip.AddrPort, c config.Config) sipua.Local {
	return sipua.Local{
		Address: at, Transport: c.SIP.Proxy.Transport, Transports: c.SIP.Transports,
		Proxy: c.SIP.Proxy.AddrPort, UserAgent: "Holdfast/" + Version,
		Credentials: credentials(c),
	}
}

// credentials are what trunks are told that ask who we are. Only they may ask,
// and the proxy for those behind it.
func credentials(c config.Config) []sipua.Credentials {
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
