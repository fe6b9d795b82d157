package sipua

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// The transports a message may take.
const (
	udp = "udp"
	tcp = "tcp"
)

// longest is how long a request over UDP may be (RFC 3261 §18.1.1): more than
// one frame is lost by many networks.
const longest = 1300

// A hop is where a message goes, and over what.
type hop struct {
	netip.AddrPort
	transport string
}

// hopOf is where the wire says that a message came from.
func hopOf(m Received) hop { return hop{m.From, transportOf(m.Transport)} }

// transportOf is the transport of that name; UDP when there is none.
func transportOf(name string) string {
	if strings.EqualFold(name, tcp) {
		return tcp
	}
	return udp
}

// reliable says that nothing that goes there has to be repeated.
func (h hop) reliable() bool { return h.transport == tcp }

// MarshalText writes a hop down, one over UDP as its address alone.
func (h hop) MarshalText() ([]byte, error) {
	text, err := h.AddrPort.MarshalText()
	if h.reliable() {
		text = append(text, ";transport=tcp"...)
	}
	return text, err
}

// UnmarshalText reads what MarshalText has written.
func (h *hop) UnmarshalText(text []byte) error {
	address, transport, _ := strings.Cut(string(text), ";transport=")
	if transport != "" && transport != tcp {
		return fmt.Errorf("the transport %q is not known", transport)
	}
	*h = hop{}
	if address == "" {
		return nil
	}
	h.transport = transportOf(transport)
	return h.AddrPort.UnmarshalText([]byte(address))
}

// carries says that we can send and be reached over a transport.
func (l Local) carries(transport string) bool {
	return transport == udp || transport == tcp && (l.TCP || transportOf(l.Transport) == tcp)
}

// hopTo is where requests to a URI go that names its host in figures, or the
// zero value (RFC 3263 §4.1). A transport that we do not have is taken for not
// named.
func (l Local) hopTo(uri sip.Uri) hop {
	address := addressOf(uri)
	if !address.IsValid() {
		return hop{}
	}
	named := strings.ToLower(uri.UriParams.GetOr("transport", ""))
	if !l.carries(named) {
		named = transportOf(l.Transport)
	}
	return hop{address, named}
}

// addressOf is the address a URI names in figures, or the zero value.
func addressOf(uri sip.Uri) netip.AddrPort {
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

// nextHop is where requests to p go: a name that is no address is not looked
// up, the peer is answered where it was heard from instead.
func (p peer) nextHop(local Local) hop {
	if local.Proxy.IsValid() {
		return hop{local.Proxy, transportOf(local.Transport)}
	}
	first := p.Target
	if len(p.Routes) > 0 {
		first = p.Routes[0]
	}
	var uri sip.Uri
	if sip.ParseUri(first, &uri) == nil {
		if h := local.hopTo(uri); h.IsValid() {
			return h
		}
	}
	return p.Source
}

// fit is where a request goes that would go to h: over TCP when it is too long
// for a datagram, unless a URI insists on UDP or TCP has been refused there
// (RFC 3261 §18.1.1). Its Via says so.
func (t *turn) fit(req *sip.Request, h hop) hop {
	if h.reliable() || !t.local.TCP || t.datagrams || namesTransport(req) || len(req.String()) <= longest {
		return h
	}
	h.transport = tcp
	req.Via().Transport = "TCP"
	return h
}

// overUDP sends a request again over UDP that has been refused over TCP, and
// reports whether it has: not if it went over TCP for another reason than its
// length.
func (t *turn) overUDP(s *sending) bool {
	if !s.to.reliable() || transportOf(t.local.Transport) == tcp || namesTransport(s.request) {
		return false
	}
	s.request = s.request.Clone()
	s.request.Via().Transport = "UDP"
	s.to.transport, s.resend, t.datagrams = udp, repeatFrom(t.now), true
	t.send(Retransmission, s.to, s.request)
	return true
}

// namesTransport says that the URI by which a request finds its way names a
// transport.
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

func (l Local) via(transport, branch string) *sip.ViaHeader {
	return &sip.ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(transportOf(transport)),
		Host: l.Address.Addr().String(), Port: int(l.Address.Port()),
		Params: sip.HeaderParams{{K: "rport"}, {K: "branch", V: branch}},
	}
}

// contact is how we are reached by somebody who speaks to us over a transport.
func (l Local) contact(transport string) *sip.ContactHeader {
	return &sip.ContactHeader{Address: sip.Uri{
		Scheme: "sip", Host: l.Address.Addr().String(), Port: int(l.Address.Port()),
		UriParams: transportParam(transport),
	}}
}

func transportParam(transport string) sip.HeaderParams {
	if transportOf(transport) != tcp {
		return nil
	}
	return sip.HeaderParams{{K: "transport", V: tcp}}
}
