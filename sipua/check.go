package sipua

import (
	"fmt"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// A Fault is the error of a malformed message. If the message is a request that can be
// answered, it has the status of the answer.
type Fault struct {
	Status int // 0: the message must not be answered
	Reason string
	text   string
}

// Error describes the fault, naming the header.
func (f *Fault) Error() string { return f.text }

func fault(status int, reason, format string, args ...any) *Fault {
	return &Fault{status, reason, fmt.Sprintf(format, args...)}
}

func malformed(format string, args ...any) *Fault {
	return fault(sip.StatusBadRequest, "Bad Request", format, args...)
}

// maxEchoed is how long the headers may be that every response repeats: one to longer
// ones is lost on its way.
const maxEchoed = 6 << 10

// Check returns the fault of a message; nil means that a dialog can take it (RFC 3261
// §8.1.1, §8.1.3.3 and §16.3). A dialog ignores a message that does not pass. The error
// is a *Fault, with which RefuseFaulty answers.
func Check(m Received) error {
	if f := check(m); f != nil {
		return f
	}
	return nil
}

func check(m Received) *Fault {
	if m.SIP == nil {
		return fault(0, "", "no message")
	}
	vias := len(m.SIP.GetHeaders("Via"))
	if vias == 0 || m.SIP.Via() == nil || m.SIP.Via().Host == "" {
		return fault(0, "", "header Via is missing or not readable")
	}
	switch msg := m.SIP.(type) {
	case *sip.Request:
		return checkRequest(m, msg)
	case *sip.Response:
		if f := checkHeaders(m); f != nil {
			return f
		}
		return checkResponse(msg, vias)
	}
	return fault(0, "", "neither a request nor a response")
}

// checkHeaders checks those that every message has, once.
func checkHeaders(m Received) *Fault {
	if req, is := m.SIP.(*sip.Request); is && m.Fault != nil && !slices.Contains(append(schemes, "sips"), req.Recipient.Scheme) {
		return fault(416, "Unsupported URI Scheme", "%s", m.Fault)
	}
	if m.Fault != nil {
		return malformed("%s", m.Fault)
	}
	for _, name := range []string{"From", "To", "Call-ID", "CSeq"} {
		switch found := len(m.SIP.GetHeaders(name)); {
		case found == 0:
			return malformed("header %s is missing", name)
		case found > 1:
			return malformed("header %s is there %d times", name, found)
		}
	}
	if m.SIP.From() == nil || m.SIP.To() == nil || m.SIP.CallID() == nil || m.SIP.CSeq() == nil {
		return malformed("header From, To, Call-ID or CSeq is not readable")
	}
	if lengths := m.SIP.GetHeaders("Content-Length"); len(lengths) > 1 {
		return malformed("header Content-Length is there %d times", len(lengths))
	}
	if l := m.SIP.ContentLength(); l != nil && int(*l) != len(m.SIP.Body()) {
		return malformed("header Content-Length has %d, but the body has %d bytes", *l, len(m.SIP.Body()))
	}
	return nil
}

func checkRequest(m Received, req *sip.Request) *Fault {
	if !strings.EqualFold(req.SipVersion, "SIP/2.0") {
		return fault(505, "Version Not Supported", "the start line has version %q", req.SipVersion)
	}
	if f := checkHeaders(m); f != nil {
		return f
	}
	// The parser has the method of the start line in capitals.
	if method := req.CSeq().MethodName; !strings.EqualFold(string(method), string(req.Method)) {
		return malformed("header CSeq has the method %q in a %s", method, req.Method)
	}
	if n := echoed(req); n > maxEchoed {
		return fault(513, "Message Too Large", "the headers that a response repeats have %d bytes", n)
	}
	return nil
}

func checkResponse(res *sip.Response, vias int) *Fault {
	switch {
	case !strings.EqualFold(res.SipVersion, "SIP/2.0"):
		return fault(0, "", "the start line has version %q", res.SipVersion)
	case res.StatusCode < 100 || res.StatusCode > 699:
		return fault(0, "", "the start line has status %d", res.StatusCode)
	case vias > 1:
		return fault(0, "", "header Via is there %d times in a response to us", vias)
	}
	return nil
}

func echoed(req *sip.Request) int {
	n := 0
	for _, name := range []string{"Via", "From", "To", "Call-ID", "Record-Route"} {
		for _, h := range req.GetHeaders(name) {
			n += len(h.Value())
		}
	}
	return n
}

// Refuse answers a request that belongs to no dialog, without remembering it:
// the same request again gets the same answer (RFC 3261 §8.2.7). It returns the zero
// Message for a message that must not be answered: ACK, a response, or a message that
// does not pass Check.
func Refuse(m Received, status int, reason string, headers ...sip.Header) Message {
	req, ok := m.SIP.(*sip.Request)
	if !ok || req.Method == sip.ACK || Check(m) != nil {
		return Message{}
	}
	return stateless(ErrorResponse, m, status, reason, headers...)
}

// RefuseFaulty answers a request that does not pass Check, if it can be answered: its
// sender would otherwise repeat it for 32 s. It returns the zero Message if not.
func RefuseFaulty(m Received) Message {
	f := check(m)
	req, ok := m.SIP.(*sip.Request)
	if f == nil || !ok || f.Status == 0 || req.Method == sip.ACK {
		return Message{}
	}
	return stateless(ErrorResponse, m, f.Status, f.Reason)
}
