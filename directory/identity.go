package directory

import (
	"slices"

	"holdfast/call"
	"holdfast/config"
	"holdfast/sipua"
)

// Canonical is the one endpoint for all spellings of a party: an agent's own address, at
// their phone or at this server, is the agent; a phone number at this server, a gateway
// or the proxy is the number, or the agent in whose address it is the user; and all
// spellings of one address (RFC 3261 §19.1.4) or number (RFC 3966 §4) give the same. One
// that cannot be read stays as it is: Permit reports the mistake.
func (d *Directory) Canonical(e call.Endpoint) call.Endpoint {
	switch e.Kind {
	case call.PhoneNumber:
		n, ok := sipua.ParseNumber(e.Address)
		if !ok {
			return e
		}
		if agent, ok := d.atNumber[n]; ok {
			return call.Endpoint{Kind: call.AgentEndpoint, Address: agent}
		}
		e.Address = n
	case call.URI:
		return d.canonicalAddress(e)
	case call.AgentEndpoint:
		if a, ok := d.conf.Agent(e.Address); ok {
			e.Address = a.Name
		}
	case call.QueueEndpoint:
		if q, ok := d.conf.Queue(e.Address); ok {
			e.Address = q.Name
		}
	}
	return e
}

func (d *Directory) canonicalAddress(e call.Endpoint) call.Endpoint {
	a, err := config.ParseAddress(e.Address)
	if err != nil {
		return e
	}
	e.Address = a.String()
	known := d.orAgent(e, e.Address)
	if n, ok := sipua.ParseNumber(a.User); ok && known.Kind == call.URI && d.takesNumbers(a) {
		return d.Canonical(call.Endpoint{Kind: call.PhoneNumber, Address: n, Name: e.Name})
	}
	return known
}

// takesNumbers reports whether a phone number as the user of that address stands for the
// number itself: this server shows callers that way.
func (d *Directory) takesNumbers(a config.Address) bool {
	return a.LeadsTo(d.conf.SIP.Listen) || a.LeadsTo(d.conf.SIP.Proxy.AddrPort) ||
		slices.ContainsFunc(d.conf.Trunks, func(t config.Trunk) bool { return a.LeadsTo(t.Gateway.AddrPort) })
}

// orAgent is e, or the agent reached at that address: it is that of their phone, where
// the phone has registered, or the one that it has registered for.
func (d *Directory) orAgent(e call.Endpoint, address string) call.Endpoint {
	a, err := config.ParseAddress(address)
	if err != nil {
		return e
	}
	name, ok := d.atPhone[a.Party()]
	switch {
	case ok:
	case a.LeadsTo(d.conf.SIP.Listen):
		account, known := d.Account(a.User)
		if agent, named := d.conf.Agent(a.User); !known && named && agent.User != "" {
			account.Name, known = agent.Name, true
		}
		name, ok = account.Name, known
	default:
		name, ok = d.boundTo(a)
	}
	if ok {
		return call.Endpoint{Kind: call.AgentEndpoint, Address: name}
	}
	return e
}

// boundTo is the agent whose phone has registered with that address. Without a proxy the
// phone itself is there, whatever user it is asked for.
func (d *Directory) boundTo(a config.Address) (agent string, ok bool) {
	d.phones.mu.RLock()
	defer d.phones.mu.RUnlock()
	for name, phone := range d.phones.known {
		if _, is := d.conf.Agent(name); !is {
			continue // the configuration is newer than the binding
		}
		for _, b := range phone.Bindings {
			address, _ := splitParams(b.Address)
			bound, err := config.ParseAddress(address)
			if err == nil && d.phones.now().Before(b.Until) &&
				(bound.Party() == a.Party() || !d.conf.SIP.Proxy.IsValid() && a.LeadsTo(bound.At())) {
				return name, true
			}
		}
	}
	return "", false
}
