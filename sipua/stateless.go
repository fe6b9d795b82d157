package sipua

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Check says what is wrong with a message, naming the header; nil means that
// a dialog can take it (RFC 3261 §8.1.1, §8.1.3.3 and §16.3). A dialog
// ignores what does not pass.
func Check(m Received) error {
	if m.SIP == nil {
		return errors.New("no message")
	}
	for _, name := range []string{"From", "To", "Call-ID", "CSeq"} {
		switch found := len(m.SIP.GetHeaders(name)); {
		case found == 0:
			return fmt.Errorf("header %s is missing", name)
		case found > 1:
			return fmt.Errorf("header %s is there %d times", name, found)
		}
	}
	vias := len(m.SIP.GetHeaders("Via"))
	if vias == 0 || m.SIP.Via() == nil || m.SIP.Via().Host == "" {
		return errors.New("header Via is missing or not readable")
	}
	if m.SIP.From() == nil || m.SIP.To() == nil || m.SIP.CallID() == nil || m.SIP.CSeq() == nil {
		return errors.New("header From, To, Call-ID or CSeq is not readable")
	}
	if lengths := m.SIP.GetHeaders("Content-Length"); len(lengths) > 1 {
		return fmt.Errorf("header Content-Length is there %d times", len(lengths))
	}
	if l := m.SIP.ContentLength(); l != nil && int(*l) != len(m.SIP.Body()) {
		return fmt.Errorf("header Content-Length says %d, but the body has %d bytes", *l, len(m.SIP.Body()))
	}
	switch msg := m.SIP.(type) {
	case *sip.Request:
		return checkRequest(msg)
	case *sip.Response:
		return checkResponse(msg, vias)
	}
	return errors.New("neither a request nor a response")
}

func checkRequest(req *sip.Request) error {
	if req.SipVersion != "SIP/2.0" {
		return fmt.Errorf("the start line has version %q", req.SipVersion)
	}
	if method := req.CSeq().MethodName; method != req.Method {
		return fmt.Errorf("header CSeq has the method %q in a %s", method, req.Method)
	}
	return nil
}

func checkResponse(res *sip.Response, vias int) error {
	if res.SipVersion != "SIP/2.0" {
		return fmt.Errorf("the start line has version %q", res.SipVersion)
	}
	if res.StatusCode < 100 || res.StatusCode > 699 {
		return fmt.Errorf("the start line has status %d", res.StatusCode)
	}
	if vias > 1 {
		return fmt.Errorf("header Via is there %d times in a response to us", vias)
	}
	return nil
}

// Refuse answers a request that belongs to no dialog, without remembering it:
// the same request again gets the same answer (RFC 3261 §8.2.7). It returns
// the zero Message for what must not be answered: ACK, a response, or a
// message that does not pass Check.
func Refuse(m Received, status int, reason string, headers ...sip.Header) Message {
	req, ok := m.SIP.(*sip.Request)
	if !ok || req.Method == sip.ACK || Check(m) != nil {
		return Message{}
	}
	return stateless(ErrorResponse, m, status, reason, headers...)
}

// OptionsOK answers an OPTIONS outside any dialog with what we do (RFC 3261 §11.2).
func OptionsOK(m Received) Message {
	if req, ok := m.SIP.(*sip.Request); !ok || req.Method != sip.OPTIONS || Check(m) != nil {
		return Message{}
	}
	return stateless(OK, m, sip.StatusOK, "OK", capabilities()...)
}

func stateless(kind Kind, m Received, status int, reason string, headers ...sip.Header) Message {
	req, to := stamped(m)
	sum := sha256.Sum256([]byte(req.Via().Value() + req.CallID().Value() + req.From().Value()))
	res := respond(req, hex.EncodeToString(sum[:8]), status, reason, headers...)
	res.SetBody(nil)
	return Message{Kind: kind, To: to.AddrPort, Transport: to.Transport, SIP: res}
}

func capabilities() []sip.Header {
	return []sip.Header{
		sip.NewHeader("Allow", allowed),
		sip.NewHeader("Accept", sdpType),
	}
}

// Release ends a call that a 2xx to an INVITE of nobody's dialog would leave
// behind: ACK and BYE (RFC 3261 §13.2.2.4). It returns nil for anything else.
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
