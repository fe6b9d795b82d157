package directory

import (
	"net/netip"
	"strings"

	"holdfast/call"
	"holdfast/config"
	"holdfast/sipua"
)

// Phone returns the agent whose phone calls from an address, and reports whether an
// agent's phone does. Without a name, the phone must prove by its password whose it is.
// caller is the sip: address in the request's From.
//
// A phone with a fixed address is known by that address alone: its IP address and port,
// or the IP address where no trunk and no proxy is. On loopback the port must fit, too,
// because all programs of this machine share the IP address. Where phones may register,
// a trunk (behind the proxy, all trunks) may call as well, and a phone is distinguished
// from it by its From.
func (d *Directory) Phone(from netip.AddrPort, caller string) (agent string, is bool) {
	at := netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	if agent, is := d.fixedAt(at, caller); is {
		return agent, true
	}
	if !d.MayRegister(at) {
		return "", false
	}
	return "", !d.trunk(at.Addr()) || d.registersAs(sipua.CalledUser(caller))
}

// fixedAt returns the agent whose phone is at a fixed address; of several agents there,
// the one that caller names.
func (d *Directory) fixedAt(at netip.AddrPort, caller string) (agent string, is bool) {
	var there []config.Agent
	exact := false
	for _, a := range d.conf.Agents {
		fixed, err := config.ParseAddress(a.Address)
		switch {
		case a.Address == "" || err != nil:
		case fixed.LeadsTo(at):
			if !exact {
				there, exact = nil, true
			}
			there = append(there, a)
		case !exact && fixed.IP == at.Addr() && !at.Addr().IsLoopback() && !d.passesOn(fixed):
			there = append(there, a)
		}
	}
	for _, a := range there {
		if len(there) == 1 || names(a, sipua.CalledUser(caller)) {
			return a.Name, true
		}
	}
	return "", false
}

// registersAs reports whether a phone registers as a user, or for an agent of that name.
func (d *Directory) registersAs(user string) bool {
	_, account := d.Account(user)
	agent, ok := d.conf.Agent(user)
	return account || ok && agent.User != ""
}

// Claims reports whether caller, a sip: address, is that of another agent. A phone that
// hides its user claims nothing.
func (d *Directory) Claims(agent, caller string) bool {
	user := sipua.CalledUser(caller)
	other := false
	for _, a := range d.conf.Agents {
		if names(a, user) {
			if a.Name == agent {
				return false
			}
			other = true
		}
	}
	return other
}

// names reports whether a user is the agent's: their name, the user their phone registers
// as, or the user of its address.
func names(a config.Agent, user string) bool {
	if strings.EqualFold(a.Name, user) || a.User != "" && strings.EqualFold(a.User, user) {
		return true
	}
	fixed, err := config.ParseAddress(a.Address)
	return err == nil && fixed.User != "" && strings.EqualFold(fixed.User, user)
}

// Dialled is how a contact begins when an agent's phone dials a text that Endpoint reads.
// Permit decides here whether the phone may call it, before anything is dialled. An error
// is a *switchboard.DialError, or a sentence about how to write the text.
func (d *Directory) Dialled(agent, written string) (call.Dialled, error) {
	to, err := d.Endpoint(written)
	switch {
	case err != nil && config.IsAddress(written):
		return call.Dialled{}, refused(call.NotFound, "%s", err)
	case err != nil:
		return call.Dialled{}, err
	case to.Kind == call.QueueEndpoint:
		return call.Dialled{}, refused(call.Denied, "a queue is for customers; transfer the customer to %s", to.Address)
	case to.Kind == call.AgentEndpoint && to.Address == agent:
		return call.Dialled{}, refused(call.Busy, "%s has dialled their own phone", agent)
	}
	if err := d.Permit(to); err != nil {
		return call.Dialled{}, err
	}
	return call.Dialled{
		Agent:    call.Endpoint{Kind: call.AgentEndpoint, Address: agent},
		Customer: to,
		Called:   written,
		Rules:    d.conf.Rules,
	}, nil
}
