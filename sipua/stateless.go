package sipua

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// OptionsOK answers an OPTIONS outside any dialog with our capabilities (RFC 3261 §11.2).
func OptionsOK(m Received) Message {
	if req, ok := m.SIP.(*sip.Request); !ok || req.Method != sip.OPTIONS || Check(m) != nil {
		return Message{}
	}
	if refusal := Unsupported(m); refusal.SIP != nil {
		return refusal
	}
	return stateless(OK, m, sip.StatusOK, "OK", capabilities()...)
}

// Unsupported refuses a request outside any dialog that asks for an extension, or for a
// kind of address, that we do not have (RFC 3261 §8.2.2). It returns the zero Message
// for one that does not.
func Unsupported(m Received) Message {
	req := m.SIP.(*sip.Request)
	switch {
	case !slices.Contains(schemes, req.Recipient.Scheme):
		return Refuse(m, 416, "Unsupported URI Scheme")
	case len(unsupported(req)) > 0:
		return Refuse(m, sip.StatusBadExtension, "Bad Extension", unsupported(req)...)
	}
	return Message{}
}

// schemes are those of the addresses that can be called here.
var schemes = []string{"sip", "tel", ""}

// supported are the extensions that a request may require: RFC 3891, RFC 4488 and RFC 4028.
var supported = []string{"replaces", "norefersub", timerTag}

// unsupported names the extensions that a request requires and that we do not have. In a
// CANCEL they mean nothing (RFC 3261 §20.32).
func unsupported(req *sip.Request) []sip.Header {
	if req.Method == sip.CANCEL {
		return nil
	}
	var headers []sip.Header
	for _, tag := range listed(req, "Require") {
		if !slices.Contains(supported, tag) {
			headers = append(headers, sip.NewHeader("Unsupported", tag))
		}
	}
	return headers
}

func stateless(kind Kind, m Received, status int, reason string, headers ...sip.Header) Message {
	req, to := stamped(m)
	sum := sha256.Sum256([]byte(req.Via().Value() + headerValue(req, "Call-ID") + headerValue(req, "From")))
	res := respond(req, hex.EncodeToString(sum[:8]), status, reason, headers...)
	res.SetBody(nil)
	return Message{Kind: kind, To: to.AddrPort, Transport: to.Transport, SIP: res}
}

func capabilities() []sip.Header {
	return []sip.Header{
		sip.NewHeader("Allow", allowed),
		sip.NewHeader("Accept", accepted),
		sip.NewHeader("Supported", strings.Join(supported, ", ")),
		sip.NewHeader("Allow-Events", referEvent),
	}
}

// Release ends a call that a 2xx to an INVITE of no dialog would leave behind: ACK and BYE
// (RFC 3261 §13.2.2.4). It returns nil for anything else.
func Release(local Local, m Received) []Message {
	res, ok := m.SIP.(*sip.Response)
	if !ok || Check(m) != nil || res.CSeq().MethodName != sip.INVITE || !res.IsSuccess() {
		return nil
	}
	from := res.From()
	d := &Dialog{
		local: local,
		id:    Identity{CallID: res.CallID().Value(), Tag: tagOf(from.Params), Seed: res.Via().Value()},
		self:  nameAddr{from.DisplayName, from.Address},
		other: nameAddr{res.To().DisplayName, res.To().Address},
	}
	t := d.step(time.Time{})
	t.release(res, t.peerOfResponse(res, hopOf(m)))
	return t.out
}
