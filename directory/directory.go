package directory

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// ErrStranger means that a call came from an address that no trunk has.
var ErrStranger = errors.New("not an address of any trunk")

// ErrNotFound means that no agent or queue answers the called number.
var ErrNotFound = errors.New("no route for this number")

// A Directory answers questions about a configuration, which never changes, and
// knows which phones have registered. Any goroutine may ask.
type Directory struct {
	conf     config.Config
	machines map[netip.Addr]bool // that conf names
	phones   phones

	challengeKey []byte // see Digest; set before anyone asks

	atPhone  map[string]string      // names of agents, by the Party of their address
	atNumber map[string]string      // names of agents, by the phone number that is the user of their address
	listed   map[call.Endpoint]bool // [[endpoint]] addresses, without their names
}

// New returns the directory of a configuration. No phone is registered until
// KeepPhones.
func New(conf config.Config) *Directory {
	d := &Directory{
		conf: conf, phones: phones{now: time.Now},
		atPhone: map[string]string{}, atNumber: map[string]string{}, listed: map[call.Endpoint]bool{},
	}
	for _, agent := range conf.Agents {
		if a, err := config.ParseAddress(agent.Address); err == nil {
			d.atPhone[a.Party()] = agent.Name
			if n, ok := sipua.ParseNumber(a.User); ok {
				d.atNumber[n] = agent.Name
			}
		}
	}
	for _, e := range conf.Endpoints {
		d.listed[d.Canonical(call.Endpoint{Kind: kindOf(e.Address), Address: e.Address})] = true
	}
	d.machines = machinesOf(d.addresses())
	return d
}

// Rules are the time limits for a contact that begins now.
func (d *Directory) Rules() call.Rules { return d.conf.Rules }

// Incoming is how a contact begins for a call from there. caller and called
// are phone numbers or sip: addresses, or the user part of one. The error is
// ErrStranger or ErrNotFound.
func (d *Directory) Incoming(from netip.AddrPort, caller, called string) (call.Arrived, error) {
	if !d.trunk(from.Addr().Unmap()) {
		return call.Arrived{}, ErrStranger
	}
	answers, ok := d.route(sipua.CalledUser(called))
	if !ok {
		return call.Arrived{}, ErrNotFound
	}
	return call.Arrived{
		Customer: customer(caller),
		Called:   called,
		Agent:    answers,
		Rules:    d.conf.Rules,
	}, nil
}

func (d *Directory) trunk(ip netip.Addr) bool {
	return slices.ContainsFunc(d.conf.Trunks, func(t config.Trunk) bool { return within(t.Addresses, ip) })
}

// route is who answers a called user: the exact route before "*".
func (d *Directory) route(called string) (answers call.Endpoint, ok bool) {
	for _, r := range d.conf.Routes {
		if strings.EqualFold(r.Called, called) {
			return r.Answers(), true
		}
		if r.Called == "*" {
			answers, ok = r.Answers(), true
		}
	}
	return answers, ok
}

// Resolve is the sip: address to dial for an endpoint. An error is a
// *switchboard.DialError.
func (d *Directory) Resolve(e call.Endpoint) (string, error) {
	switch e.Kind {
	case call.AgentEndpoint:
		agent, err := d.agent(e.Address)
		if err == nil && agent.Address == "" {
			return d.registered(agent.Name)
		}
		return agent.Address, err
	case call.PhoneNumber:
		n, ok := sipua.ParseNumber(e.Address)
		if !ok {
			return "", refused(call.NotFound, "%q is not a phone number", e.Address)
		}
		gateway := d.gateway()
		if !gateway.IsValid() {
			return "", refused(call.Unreachable, "phone numbers need a [[trunk]] with a gateway, or [sip] proxy")
		}
		return gateway.URI(n), nil
	case call.URI:
		return d.resolveAddress(e.Address)
	case call.QueueEndpoint: // has no line of its own
	}
	return "", refused(call.NotFound, "an endpoint of kind %q cannot be dialled", e.Kind)
}

// agent is the one of that name. An error is a *switchboard.DialError.
func (d *Directory) agent(name string) (config.Agent, error) {
	agent, ok := d.conf.Agent(name)
	if !ok {
		return agent, refused(call.NotFound, "no [[agent]] is called %q", name)
	}
	return agent, nil
}

func (d *Directory) resolveAddress(written string) (string, error) {
	a, err := config.ParseAddress(written)
	if err != nil {
		return "", refused(call.NotFound, "%s", err)
	}
	if a.Host != "" && !d.conf.SIP.Proxy.IsValid() {
		return "", refused(call.Unreachable, "%q is a host name, and there is no [sip] proxy that could look it up", a.Host)
	}
	if !d.conf.SIP.Carries(a.Transport) {
		return "", refused(call.Unreachable, "%q is reached over TCP, and [sip] tcp is off", written)
	}
	return written, nil
}

// gateway is where phone numbers are dialled.
func (d *Directory) gateway() sipua.Hop {
	if t := d.outward(); t != nil {
		return t.Gateway
	}
	return d.conf.SIP.Proxy
}

// outward is the trunk over which phone numbers are dialled, nil when there is
// none.
func (d *Directory) outward() *config.Trunk {
	for i := range d.conf.Trunks {
		if t := &d.conf.Trunks[i]; t.Gateway.IsValid() {
			return t
		}
	}
	return nil
}

// Identifies reports whether calls there carry the real caller's identity, besides the
// caller they show: calls to a number, over a trunk that may know it.
func (d *Directory) Identifies(e call.Endpoint) bool {
	t := d.outward()
	return e.Kind == call.PhoneNumber && t != nil && t.Identity
}

// Trusts reports whether a customer calling from there comes over a trunk that may know
// the parties they talk to.
func (d *Directory) Trusts(from netip.AddrPort) bool {
	return slices.ContainsFunc(d.conf.Trunks, func(t config.Trunk) bool {
		return t.Identity && within(t.Addresses, from.Addr().Unmap())
	})
}

// Permit returns nil if an endpoint may be dialled: it is named in the configuration, or
// [allow] has it. It may be dialled even if no phone is there. An error is a
// *switchboard.DialError.
func (d *Directory) Permit(e call.Endpoint) error {
	e = d.Canonical(e)
	switch _, isQueue := d.conf.Queue(e.Address); {
	case e.Kind == call.AgentEndpoint:
		_, err := d.agent(e.Address)
		return err
	case e.Kind == call.QueueEndpoint && isQueue:
		return nil
	case e.Kind == call.QueueEndpoint:
		return refused(call.NotFound, "no [[queue]] is called %q", e.Address)
	}
	if d.listed[call.Endpoint{Kind: e.Kind, Address: e.Address}] {
		return nil
	}
	if e.Kind == call.PhoneNumber {
		return d.permitNumber(e.Address)
	}
	a, err := config.ParseAddress(e.Address)
	if err != nil {
		return refused(call.NotFound, "%s", err)
	}
	return d.policy(a)
}

func (d *Directory) permitNumber(written string) error {
	n, ok := sipua.ParseNumber(written)
	if !ok {
		return refused(call.NotFound, "%q is not a phone number", written)
	}
	for _, beginning := range d.conf.Allow.Numbers {
		if strings.HasPrefix(n, beginning) {
			return nil
		}
	}
	return refused(call.Denied, "%s begins like none of [allow] numbers", n)
}

// Endpoint returns the Canonical endpoint for a text: the name of an endpoint, agent or
// queue, a phone number or a sip: or tel: address. It does not check whether it may be
// dialled. An error for an unknown name is a *switchboard.DialError; any other error
// shows how to write the text.
func (d *Directory) Endpoint(written string) (call.Endpoint, error) {
	written = strings.TrimSpace(written)
	for _, e := range d.conf.Endpoints {
		if strings.EqualFold(e.Name, written) {
			return d.Canonical(call.Endpoint{Kind: kindOf(e.Address), Address: e.Address, Name: e.Name}), nil
		}
	}
	if a, ok := d.conf.Agent(written); ok {
		return call.Endpoint{Kind: call.AgentEndpoint, Address: a.Name}, nil
	}
	if q, ok := d.conf.Queue(written); ok {
		return config.QueueEndpoint(q.Name), nil
	}
	if n, ok := sipua.ParseNumber(written); ok {
		return d.Canonical(call.Endpoint{Kind: call.PhoneNumber, Address: n}), nil
	}
	switch {
	case config.IsAddress(written):
		_, err := config.ParseAddress(written)
		return d.Canonical(call.Endpoint{Kind: call.URI, Address: written}), err
	case written == "":
		return call.Endpoint{}, errors.New("a target is missing: give a name, a phone number or a sip: address")
	}
	if wrong := numberMistake(written); wrong != "" {
		return call.Endpoint{}, fmt.Errorf("%q is not a phone number; %s", written, wrong)
	}
	return call.Endpoint{}, refused(call.NotFound, "no agent, queue or endpoint is called %q%s", written, config.Suggest(written, d.names()))
}

// numberMistake is how to write the phone number that was meant; empty if none was.
func numberMistake(written string) string {
	number, isTel := strings.CutPrefix(strings.ToLower(written), "tel:")
	number, params, _ := strings.Cut(number, ";")
	switch {
	case !isTel && strings.Trim(number, "+0123456789 -./()") != "":
		return ""
	case strings.Contains(number, "(0)"):
		return "leave out the (0), which is not dialled after the country"
	case params != "":
		return "an extension or a local number cannot be dialled; write the whole number, like \"+493012345\""
	case strings.HasPrefix(number, "+"):
		return `after the "+" it has 3 to 15 digits and does not begin with 0, like "+493012345"`
	}
	return `write it with its country, like "+493012345"`
}

func (d *Directory) names() []string {
	names := d.conf.AgentNames()
	names = append(names, d.conf.QueueNames()...)
	for _, e := range d.conf.Endpoints {
		names = append(names, e.Name)
	}
	return names
}

// addresses are those that the configuration names.
func (d *Directory) addresses() []string {
	var all []string
	for _, a := range d.conf.Agents {
		if a.Address != "" {
			all = append(all, a.Address)
		}
	}
	for _, e := range d.conf.Endpoints {
		all = append(all, e.Address)
	}
	return all
}

func within(networks []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(ip) })
}

func kindOf(address string) call.EndpointKind {
	if config.IsAddress(address) {
		return call.URI
	}
	return call.PhoneNumber
}

// customer is the caller, as well as it can be known.
func customer(caller string) call.Endpoint {
	user := sipua.CalledUser(caller)
	if n, ok := sipua.ParseNumber(user); ok {
		return call.Endpoint{Kind: call.PhoneNumber, Address: n}
	}
	if a, err := config.ParseAddress(caller); err == nil {
		return call.Endpoint{Kind: call.URI, Address: a.String(), Name: a.User}
	}
	e := call.Endpoint{Kind: call.URI, Address: caller}
	if config.IsAddress(caller) {
		e.Name = user
	}
	return e
}

func refused(why call.Reason, format string, args ...any) error {
	return &switchboard.DialError{Reason: why, Detail: fmt.Sprintf(format, args...)}
}
