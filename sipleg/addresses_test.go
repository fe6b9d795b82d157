package sipleg

import (
	"errors"
	"net/netip"
	"strings"

	"holdfast/call"
	"holdfast/switchboard"
)

// addresses knows one agent and everybody at the far address.
type addresses struct{}

func (addresses) Resolve(e call.Endpoint) (string, error) {
	if e.Kind == call.PhoneNumber && strings.HasPrefix(e.Address, "+") {
		return "sip:" + e.Address + "@198.51.100.7", nil
	}
	switch e.Address {
	case "nowhere":
		return "", &switchboard.DialError{Reason: call.Denied, Detail: "may not be dialled"}
	case "odd":
		return "phone of Bob", nil
	}
	return e.Address, nil
}

func (addresses) Incoming(_ netip.AddrPort, caller, called string) (call.Arrived, error) {
	if !strings.HasPrefix(called, "sip:hotline@") {
		return call.Arrived{}, errors.New("nobody answers this number")
	}
	return call.Arrived{
		Customer: call.Endpoint{Kind: call.URI, Address: caller},
		Called:   called,
		Agent:    call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"},
		Rules:    call.DefaultRules(),
	}, nil
}

// Phone knows the fixed phone of the user 100, and phones in the hundreds that register.
func (addresses) Phone(_ netip.AddrPort, caller string) (agent string, is bool) {
	switch user, _, _ := strings.Cut(strings.TrimPrefix(caller, "sip:"), "@"); user {
	case "100":
		return "ana", true
	case "ward", "200", "ben":
		return "", true
	}
	return "", false
}

func (addresses) Claims(agent, caller string) bool {
	return agent != "ben" && strings.HasPrefix(caller, "sip:ben@")
}

func (addresses) Dialled(agent, written string) (call.Dialled, error) {
	switch {
	case written == "sales":
		return call.Dialled{}, &switchboard.DialError{Reason: call.Denied, Detail: "a queue is for customers"}
	case written == "030":
		return call.Dialled{}, errors.New("that is not a phone number")
	case strings.HasPrefix(written, "+1900"), strings.Contains(written, "203.0.113"):
		return call.Dialled{}, &switchboard.DialError{Reason: call.Denied, Detail: "may not be dialled"}
	case !strings.HasPrefix(written, "+") && !strings.HasPrefix(written, "tel:+") && written != "cardiology":
		return call.Dialled{}, &switchboard.DialError{Reason: call.NotFound, Detail: "is not called here"}
	}
	return call.Dialled{
		Agent:    call.Endpoint{Kind: call.AgentEndpoint, Address: agent},
		Customer: call.Endpoint{Kind: call.PhoneNumber, Address: written},
		Called:   written,
		Rules:    call.DefaultRules(),
	}, nil
}

// Endpoint knows the names that Dialled knows.
func (a addresses) Endpoint(written string) (call.Endpoint, error) {
	if written == "sales" {
		return call.Endpoint{Kind: call.QueueEndpoint, Address: written}, nil
	}
	begins, err := a.Dialled("ana", written)
	return begins.Customer, err
}

func (addresses) Refers(from netip.AddrPort) bool { return from.Port() != trunkPort }

// trunkPort is that of what is a trunk at the far address.
const trunkPort = 5099

func (addresses) Identifies(e call.Endpoint) bool { return e.Kind == call.PhoneNumber }
func (addresses) Trusts(from netip.AddrPort) bool { return from.Port() == trunkPort }

func (addresses) Registers(e call.Endpoint) bool { return e.Kind == call.AgentEndpoint }

func (addresses) Known(from netip.AddrPort) bool { return from == farAddress }
