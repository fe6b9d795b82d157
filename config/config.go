package config

import (
	_ "embed"
	"net/netip"
	"slices"
	"strings"
	"time"

	"holdfast/call"
	"holdfast/password"
	"holdfast/sipua"
)

//go:embed holdfast.toml
var manual string

// Manual is the built-in configuration: a complete file that documents itself
// line by line.
func Manual() string { return manual }

// A Config is a configuration without mistakes. It comes from Load, Parse or
// Default, which check it; a program that changes it afterwards must keep it
// valid.
type Config struct {
	SIP     SIP
	Media   Media
	Audios  map[call.Audio][]int16 // in the place of the built-in ones, 8 kHz mono
	Journal Journal
	HTTP    HTTP
	API     API
	Keys    []Key
	Panel   Panel
	Rules   call.Rules

	Trunks    []Trunk
	Allow     Allow
	Agents    []Agent
	Queues    []Queue
	Routes    []Route
	Endpoints []Endpoint
}

// SIP is the server's place on the signalling network.
type SIP struct {
	Listen     netip.AddrPort    // an address that others can answer to; port 0: any
	Transports []sipua.Transport // listened on besides UDP

	Proxy sipua.Hop // where all requests go; the zero value: no proxy

	Phones      []netip.Prefix // from where phones may register
	RegisterFor time.Duration  // the longest a registration lasts
	Digest      []string       // the algorithms with which they may prove their password

	SessionExpires time.Duration // the session interval proposed to every far end; 0: none
	AskAfter       time.Duration // without audio, until a phone is asked whether it is still there; 0: never
	T1             time.Duration // see sipua.Local; the file does not have it
}

// Carries reports whether the server sends and listens over a transport.
func (s SIP) Carries(t sipua.Transport) bool {
	return t == sipua.UDP || slices.Contains(s.Transports, t)
}

// Media has the server's addresses for audio, and its recordings.
type Media struct {
	Address             netip.Addr // always set
	FirstPort, LastPort uint16     // 0 and 0: any
	RecordDir           string     // where recordings are; empty: there are none
	RecordAll           bool       // not only the customers whose recording was requested
}

// Journal is where the server keeps the history of contacts.
type Journal struct {
	Dir string
}

// HTTP has the settings that the HTTP interface and the agents' page have in
// common.
type HTTP struct {
	Names []string // host names in lower case, and IP addresses, besides those listened on

	// HTTPS uses the certificate in CertFile and KeyFile, or with SelfMade one for
	// trying out. Without either there is plain HTTP.
	CertFile, KeyFile string
	SelfMade          bool
}

// TLS reports whether HTTPS is spoken, and plain HTTP is not.
func (h HTTP) TLS() bool { return h.SelfMade || h.CertFile != "" }

// API is the address of the HTTP interface: a loopback address, unless there is a
// Key.
type API struct {
	Listen netip.AddrPort
}

// A Key lets a program use the HTTP interface. Without any Key, the interface asks
// for none.
type Key struct {
	Name   string // whose it is
	Secret Secret
}

// Panel is the address of the agents' page, and the sites that may embed it.
type Panel struct {
	Listen   netip.AddrPort // a loopback address unless there is TLS; the zero value: no page
	Origins  []string       // pages that may embed it, such as "https://crm.example.com"
	NotReady []string       // the reasons for not-ready
	Media    netip.AddrPort // where all browsers send audio; always set
	MediaTCP bool           // they may do so over TCP, too

	SessionFor time.Duration // how long a login lasts
	IdleFor    time.Duration // how long it lasts without a window

	MaskInternal bool // third parties inside the company look as in Amazon Connect
}

// A Trunk is where customers come from.
type Trunk struct {
	Name      string
	Addresses []netip.Prefix

	Gateway sipua.Hop // where numbers are dialled; the zero value: not here

	User     string // who we are when it asks; empty: it does not
	Password Secret
	Realm    string // the realm of its challenges; empty: any realm

	Identity bool // it gets the identity of the real caller
	Refer    bool // an agent whose phone it leads to may transfer by REFER
}

// A Secret is a word that is not printed.
type Secret string

// String keeps the secret.
func (Secret) String() string { return "(secret)" }

// GoString keeps the secret.
func (Secret) GoString() string { return "(secret)" }

// Allow is the numbers and hosts that may be dialled besides those the
// configuration itself names.
type Allow struct {
	Numbers  []string       // beginnings of phone numbers
	Networks []netip.Prefix // where sip: addresses may lead
	Names    []string       // host names in sip: addresses, lower case
}

// An Agent answers customers.
type Agent struct {
	Name    string
	Address string // a sip: address; empty: the agent's phone registers

	User     string // how that phone names itself
	Password Secret
	Digest   []string // the algorithms by which it may prove its password; nil: those of [sip]

	// Login is how the agent logs in to the page; the zero value: they do not.
	// Without Address and User the page is their phone.
	Login password.Hash

	Capacity    int           // how many customers at once, of which one is not on hold: 1 or 2
	AfterCall   call.Duration // how long after-call work lasts; 0: until it is cleared
	NoAfterCall bool          // there is none
}

// HasPhone reports whether the agent has a SIP phone. Without one, the page is
// their phone.
func (a Agent) HasPhone() bool { return a.Address != "" || a.User != "" }

// A Queue is a queue as the configuration has it.
type Queue struct {
	Name     string
	Agents   []string      // names of the Agents
	OfferFor call.Duration // how long an agent rings for a customer
}

// A Route names the agent or queue that answers a called number or user. "*" is
// any.
type Route struct {
	Called string
	Agent  string // the name of one of the Agents
	Queue  string // or of one of the Queues
}

// Answers returns the endpoint that answers calls on the route.
func (r Route) Answers() call.Endpoint {
	if r.Queue != "" {
		return QueueEndpoint(r.Queue)
	}
	return call.Endpoint{Kind: call.AgentEndpoint, Address: r.Agent}
}

// QueueEndpoint is the endpoint of the queue of that name.
func QueueEndpoint(name string) call.Endpoint {
	return call.Endpoint{Kind: call.QueueEndpoint, Address: name}
}

// An Endpoint is a place that customers are often sent to.
type Endpoint struct {
	Name    string
	Address string // a sip: address or a phone number
}

// Agent is the Agent of that name, in any case.
func (c Config) Agent(name string) (Agent, bool) {
	for _, a := range c.Agents {
		if strings.EqualFold(a.Name, name) {
			return a, true
		}
	}
	return Agent{}, false
}

// Queue is the Queue of that name, in any case.
func (c Config) Queue(name string) (Queue, bool) {
	for _, q := range c.Queues {
		if strings.EqualFold(q.Name, name) {
			return q, true
		}
	}
	return Queue{}, false
}

// AgentNames returns the names of all agents, in their order.
func (c Config) AgentNames() []string {
	var names []string
	for _, a := range c.Agents {
		names = append(names, a.Name)
	}
	return names
}

// QueueNames returns the names of all queues, in their order.
func (c Config) QueueNames() []string {
	var names []string
	for _, q := range c.Queues {
		names = append(names, q.Name)
	}
	return names
}
