package sipua

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

const (
	allowed  = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, SUBSCRIBE, NOTIFY"
	sdpType  = "application/sdp"
	sipPort  = 5060
	loopless = sip.MaxForwardsHeader(70)
)

// A nameAddr is a From or To without its tag.
type nameAddr struct {
	Name string
	URI  sip.Uri
}

func (a nameAddr) String() string {
	h := sip.FromHeader{DisplayName: a.Name, Address: a.URI}
	return h.Value()
}

func parseNameAddr(text string) (nameAddr, error) {
	var a nameAddr
	var params sip.HeaderParams
	name, err := sip.ParseAddressValue(text, &a.URI, &params)
	a.Name = name
	return a, err
}

// A peer is the far side of a dialog (RFC 3261 §12): early, confirmed or
// forked. Before the first response its Tag is empty and its Target the party we call.
type peer struct {
	Tag    string   `json:"tag,omitempty"`
	Target string   `json:"target"`
	Routes []string `json:"routes,omitempty"`
	Source Hop      `json:"source,omitzero"` // where it was last heard from
	// AtSource: a phone that has registered is reached where it was heard from,
	// whatever host its Contact names.
	AtSource bool `json:"atSource,omitempty"`
}

// peerOfResponse is the dialog that a response to our INVITE creates (§12.1.2).
func (d *Dialog) peerOfResponse(res *sip.Response, from Hop) peer {
	p := peer{
		Tag: tagOf(res.To().Params), Target: contactOf(res), Routes: recordRoutes(res),
		Source: from, AtSource: d.peer.AtSource,
	}
	slices.Reverse(p.Routes)
	return p
}

// peerOfRequest is the dialog that an INVITE to us creates (§12.1.1).
func peerOfRequest(req *sip.Request, from Hop) peer {
	return peer{Tag: tagOf(req.From().Params), Target: contactOf(req), Routes: recordRoutes(req), Source: from}
}

// refresh is p with the target that a message of the dialog names, if it does.
func (p peer) refresh(msg sip.Message, from Hop) peer {
	p.Source = from
	if target := contactOf(msg); target != "" {
		p.Target = target
	}
	return p
}

// routed is the Request-URI and the Route headers of a request to p, also
// when the first router is a strict one (RFC 3261 §12.2.1.1).
func (p peer) routed() (sip.Uri, []sip.Uri) {
	var target sip.Uri
	_ = sip.ParseUri(p.Target, &target) // was parsed when it came
	routes := make([]sip.Uri, len(p.Routes))
	for i, r := range p.Routes {
		_ = sip.ParseUri(r, &routes[i])
	}
	if len(routes) == 0 || routes[0].UriParams.Has("lr") {
		return target, routes
	}
	strict := routes[0]
	strict.Headers = nil
	return strict, append(routes[1:], target)
}

// request builds our request to p.
func (d *Dialog) request(method sip.RequestMethod, p peer, cseq uint32, branch string) *sip.Request {
	target, routes := p.routed()
	req := sip.NewRequest(method, target)
	req.AppendHeader(d.local.via(p.nextHop(d.local).Transport, branch))
	for _, r := range routes {
		req.AppendHeader(&sip.RouteHeader{Address: r})
	}
	hops := loopless
	req.AppendHeader(&hops)
	req.AppendHeader(&sip.FromHeader{DisplayName: d.self.Name, Address: d.self.URI, Params: tagged(d.id.Tag)})
	req.AppendHeader(&sip.ToHeader{DisplayName: d.other.Name, Address: d.other.URI, Params: tagged(p.Tag)})
	callID := sip.CallIDHeader(d.id.CallID)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: cseq, MethodName: method})
	if d.local.UserAgent != "" {
		req.AppendHeader(sip.NewHeader("User-Agent", d.local.UserAgent))
	}
	return req
}

// setBody gives msg an SDP body, or none. It also sets Content-Length.
func setBody(msg sip.Message, sdp []byte) {
	if sdp != nil {
		kind := sip.ContentTypeHeader(sdpType)
		msg.AppendHeader(&kind)
	}
	msg.SetBody(slices.Clone(sdp))
}

// respond builds a response to req (RFC 3261 §8.2.6.2), without its body.
func respond(req *sip.Request, tag string, status int, reason string, headers ...sip.Header) *sip.Response {
	res := sip.NewResponse(status, oneLine(reason))
	sip.CopyHeaders("Via", req, res)
	sip.CopyHeaders("From", req, res)
	if req.To() == nil {
		sip.CopyHeaders("To", req, res) // not readable
	} else {
		to := sip.HeaderClone(req.To()).(*sip.ToHeader)
		if status > 100 && tagOf(to.Params) == "" {
			to.Params.Add("tag", tag)
		}
		res.AppendHeader(to)
	}
	sip.CopyHeaders("Call-ID", req, res)
	sip.CopyHeaders("CSeq", req, res)
	if status == 100 {
		sip.CopyHeaders("Timestamp", req, res)
	} else if req.Method == sip.INVITE && status < 300 {
		sip.CopyHeaders("Record-Route", req, res)
	}
	for _, h := range headers {
		res.AppendHeader(h)
	}
	return res
}

// stamped is the request in m as its top Via should have reached us (RFC 3261
// §18.2.1, RFC 3581 §4), and where its responses go (§18.2.2).
func stamped(m Received) (*sip.Request, Hop) {
	req := m.SIP.(*sip.Request).Clone()
	if c := req.Contact(); c != nil {
		c.Params = nil // only the URI matters, and quoted strings in them do not survive being written down
	}
	via := req.Via()
	host := m.From.Addr().Unmap()
	_, wantsPort := via.Params.Get("rport")
	if wantsPort {
		via.Params.Add("rport", fmt.Sprint(m.From.Port()))
	}
	if sentBy, err := netip.ParseAddr(strings.Trim(via.Host, "[]")); wantsPort || err != nil || sentBy != host {
		via.Params.Add("received", host.String())
	}
	port := uint16(via.Port)
	switch {
	case wantsPort || m.Transport == TCP:
		port = m.From.Port()
	case port == 0:
		port = sipPort
	}
	return req, Hop{netip.AddrPortFrom(host, port), m.Transport}
}

// TransactionOf identifies the transaction, alike for a request and its response.
func TransactionOf(msg sip.Message) string {
	if msg.Via() == nil || msg.CSeq() == nil {
		return ""
	}
	return BranchOf(msg) + string(msg.CSeq().MethodName)
}

// BranchOf is the branch of msg's top Via.
func BranchOf(msg sip.Message) string {
	branch, _ := msg.Via().Params.Get("branch")
	return branch
}

func tagOf(params sip.HeaderParams) string {
	tag, _ := params.Get("tag")
	return tag
}

func tagged(tag string) sip.HeaderParams {
	if tag == "" {
		return nil
	}
	return sip.HeaderParams{{K: "tag", V: tag}}
}

// maxTarget is how long the URI in a Contact may be. It is written down again with each
// change, and a peer may change it as often as it likes.
const maxTarget = 1 << 10

// contactOf is the URI of msg's Contact, or "". One that is too long does not count.
func contactOf(msg sip.Message) string {
	for _, h := range msg.GetHeaders("contact") {
		if c, ok := h.(*sip.ContactHeader); ok && usable(c.Address) {
			if text := c.Address.String(); len(text) <= maxTarget {
				return text
			}
		}
	}
	return ""
}

// usable reports whether requests can be sent to a URI, and that it can be written down
// and read again.
func usable(uri sip.Uri) bool {
	var again sip.Uri
	return !uri.Wildcard && sip.ParseUri(uri.String(), &again) == nil
}

func recordRoutes(msg sip.Message) []string {
	var routes []string
	for _, h := range msg.GetHeaders("record-route") {
		if r, ok := h.(*sip.RecordRouteHeader); ok && usable(r.Address) {
			routes = append(routes, r.Address.String())
		}
	}
	return routes
}

// contentType is the media type of msg's body, without parameters.
func contentType(msg sip.Message) string {
	for _, h := range msg.GetHeaders("content-type") {
		media, _, _ := strings.Cut(h.Value(), ";")
		return strings.TrimSpace(media)
	}
	return ""
}

// oneLine keeps text from breaking out of its header.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// quotable is a display name fit for a quoted string (RFC 3261 §25.1).
func quotable(name string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(oneLine(name))
}

// branch is the Via branch of one of our requests: pure, and unlike all others.
func (d *Dialog) branch(method sip.RequestMethod, cseq uint32, tag string) string {
	return "z9hG4bK" + hex.EncodeToString(d.dice(string(method), cseq, tag)[:12])
}

// chance is a number from 0 to 1 that follows from the seed.
func (d *Dialog) chance(label string, cseq uint32) float64 {
	return float64(binary.BigEndian.Uint32(d.dice(label, cseq, ""))) / (1 << 32)
}

// secret is a word that follows from the seed and a text of others.
func (d *Dialog) secret(label, text string) string {
	return hex.EncodeToString(d.dice(label, 0, text)[:16])
}

func (d *Dialog) dice(label string, cseq uint32, tag string) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%d|%s", d.id.Seed, label, cseq, tag))
	return sum[:]
}

// Parse reads a message out of a datagram; a panic of the parser is one more
// way to be malformed. With an error it may return the readable part of a request,
// which is only enough for a refusal (see Received.Fault).
func Parse(data []byte) (msg sip.Message, err error) {
	defer func() {
		if p := recover(); p != nil {
			msg, err = salvage(data), fmt.Errorf("parsing: %v", p)
		}
	}()
	head, _, _ := bytes.Cut(bytes.TrimLeft(data, "\r\n"), []byte("\r\n\r\n"))
	if n := bytes.Count(head, []byte(";")) + bytes.Count(head, []byte("&")); n > maxParameters {
		return nil, fmt.Errorf("parsing: %d parameters", n)
	}
	msg, err = reader.ParseSIP(data)
	if err != nil {
		msg = salvage(data)
	}
	return msg, err
}

// maxParameters is how many parameters the headers of a message may have in all: far more
// than phones and carriers send. The time to read those of one header grows with the square
// of their number.
const maxParameters = 1000
