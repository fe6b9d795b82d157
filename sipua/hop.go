package sipua

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// longest is how long a request over UDP may be (RFC 3261 §18.1.1): more than
// one frame is lost by many networks.
const longest = 1300

// A Hop is where a message goes, and over which transport.
type Hop struct {
	netip.AddrPort
	Transport Transport
}

// hopOf is the Hop that a message came from.
func hopOf(m Received) Hop { return Hop{m.From, m.Transport} }

// HostOf returns the host that a message was sent from. A message from our proxy was sent
// from the address at which the proxy received it (see origin); a response does not have
// that, but proxies write it into the Contact of a phone behind a NAT.
func (l Local) HostOf(m Received) netip.Addr {
	host := origin(m, l.Proxy).Addr()
	if res, is := m.SIP.(*sip.Response); is && host == l.Proxy.Addr().Unmap() {
		var contact sip.Uri
		_ = sip.ParseUri(contactOf(res), &contact) // without one, the address is not valid
		if named := AddressOf(contact).Addr().Unmap(); named.IsValid() && !named.IsUnspecified() {
			host = named
		}
	}
	return host
}

// URI returns the sip: URI of a user at the hop.
func (h Hop) URI(user string) string {
	uri := "sip:" + user + "@" + h.AddrPort.String()
	if h.Transport != UDP {
		uri += ";transport=" + h.Transport.String()
	}
	return uri
}

// MarshalText writes a hop down, one over UDP as its address alone.
func (h Hop) MarshalText() ([]byte, error) {
	text, err := h.AddrPort.MarshalText()
	if h.Transport.Reliable() {
		text = append(text, ";transport="+h.Transport.String()...)
	}
	return text, err
}

// UnmarshalText reads the text written by MarshalText.
func (h *Hop) UnmarshalText(text []byte) error {
	address, name, named := strings.Cut(string(text), ";transport=")
	*h = Hop{}
	if address == "" {
		return nil
	}
	if named {
		transport, err := ParseTransport(name)
		if err != nil {
			return err
		}
		h.Transport = transport
	}
	return h.AddrPort.UnmarshalText([]byte(address))
}

// carries reports whether we send and can be reached over a transport.
func (l Local) carries(t Transport) bool {
	return t == UDP || t == l.Transport || slices.Contains(l.Transports, t)
}

// hopTo is where requests to a URI go that names its host in figures, or the
// zero value (RFC 3263 §4.1). A transport that we do not have is taken for not
// named.
func (l Local) hopTo(uri sip.Uri) Hop {
	address := AddressOf(uri)
	if !address.IsValid() {
		return Hop{}
	}
	named, err := ParseTransport(uri.UriParams.GetOr("transport", l.Transport.String()))
	if err != nil || !l.carries(named) {
		named = l.Transport
	}
	return Hop{address, named}
}

// AddressOf is the address a URI names in figures, or the zero value.
func AddressOf(uri sip.Uri) netip.AddrPort {
	ip, err := netip.ParseAddr(strings.Trim(uri.Host, "[]"))
	if err != nil || uri.Port < 0 || uri.Port > 65535 {
		return netip.AddrPort{}
	}
	port := uint16(uri.Port)
	if port == 0 {
		port = sipPort
	}
	return netip.AddrPortFrom(ip, port)
}

// nextHop is where requests to p go. A host name is not looked up; our requests go to the
// address from which the peer was heard instead, as for a peer behind a NAT.
func (p peer) nextHop(local Local) Hop {
	if local.Proxy.IsValid() {
		return Hop{local.Proxy, local.Transport}
	}
	named := p.namedHop(local)
	if !named.IsValid() || p.Source.IsValid() && p.behindNAT(named.Addr().Unmap()) {
		return p.Source
	}
	return named
}

// namedHop is the hop that the peer's first route or Contact names, or the zero value.
func (p peer) namedHop(local Local) Hop {
	first := p.Target
	if len(p.Routes) > 0 {
		first = p.Routes[0]
	}
	var uri sip.Uri
	if sip.ParseUri(first, &uri) != nil {
		return Hop{}
	}
	return local.hopTo(uri)
}

// behindNAT reports whether the peer cannot be at the address in its Contact, because its
// messages come from elsewhere: it names no host at all, or one of a private network that
// we do not share with it. A phone that has registered need not name a private one (see
// Registrar).
func (p peer) behindNAT(named netip.Addr) bool {
	heard := p.Source.Addr().Unmap()
	switch {
	case named == heard:
		return false
	case named.IsUnspecified():
		return true
	case p.AtSource:
		return len(p.Routes) == 0
	}
	private := slices.IndexFunc(privateNetworks, func(n netip.Prefix) bool { return n.Contains(named) })
	return private >= 0 && !privateNetworks[private].Contains(heard)
}

// privateNetworks lead nowhere from outside (RFC 1918, RFC 6598, RFC 3927, RFC 4193).
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("::1/128"),
}

// fit is where a request goes that would go to h: over TCP when it is too long
// for a datagram, unless a URI insists on UDP or TCP has been refused there
// (RFC 3261 §18.1.1). Its Via has the transport.
func (t *step) fit(req *sip.Request, h Hop) Hop {
	if h.Transport.Reliable() || !t.local.carries(TCP) || t.datagrams || namesTransport(req) || len(req.String()) <= longest {
		return h
	}
	h.Transport = TCP
	req.Via().Transport = "TCP"
	return h
}

// overUDP sends a request again over UDP that has been refused over TCP, and
// reports whether it has: not if it went over TCP for another reason than its
// length.
func (t *step) overUDP(s *sending) bool {
	if !s.to.Transport.Reliable() || t.local.Transport == TCP || namesTransport(s.request) {
		return false
	}
	s.request = s.request.Clone()
	s.request.Via().Transport = "UDP"
	s.to.Transport, s.resend, t.datagrams = UDP, s.repeatFrom(t.now), true
	t.send(Retransmission, s.to, s.request)
	return true
}

// namesTransport reports whether the URI by which a request is routed names a transport.
func namesTransport(req *sip.Request) bool {
	uri := req.Recipient
	if route := req.Route(); route != nil {
		uri = route.Address
	}
	return uri.UriParams.Has("transport")
}

// proxyRoute is the Route by which a first request goes over the proxy.
func (l Local) proxyRoute() *sip.RouteHeader {
	uri := sip.Uri{Scheme: "sip", Host: l.Proxy.Addr().String(), Port: int(l.Proxy.Port())}
	uri.UriParams = append(sip.HeaderParams{{K: "lr"}}, transportParam(l.Transport)...)
	return &sip.RouteHeader{Address: uri}
}

func (l Local) via(transport Transport, branch string) *sip.ViaHeader {
	return &sip.ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(transport.String()),
		Host: l.Address.Addr().String(), Port: int(l.Address.Port()),
		Params: sip.HeaderParams{{K: "rport"}, {K: "branch", V: branch}},
	}
}

// contact is our Contact for a peer that uses that transport.
func (l Local) contact(transport Transport) *sip.ContactHeader {
	return &sip.ContactHeader{Address: sip.Uri{
		Scheme: "sip", Host: l.Address.Addr().String(), Port: int(l.Address.Port()),
		UriParams: transportParam(transport),
	}}
}

func transportParam(transport Transport) sip.HeaderParams {
	if transport == UDP {
		return nil
	}
	return sip.HeaderParams{{K: "transport", V: transport.String()}}
}
