package sipua

import (
	"errors"
	"net/url"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// reader reads messages. It leaves Refer-To and Referred-By as they were written: sipgo
// keeps only one of several parameters or headers in a URI that have the same name.
var reader = sip.NewParser(sip.WithHeadersParsers(withoutReferrals()))

func withoutReferrals() sip.HeadersParser {
	known := sip.HeadersParser{}
	for name, parse := range sip.DefaultHeadersParser() {
		if name != "refer-to" && name != "referred-by" {
			known[name] = parse
		}
	}
	return known
}

// A reference is the content of a Refer-To header.
type reference struct {
	to       sip.Uri // user, host, port and transport, or a tel: URI
	replaces *Replaces
}

// referenceOf reads the party that a REFER asks us to call (RFC 3515 §2.4.2).
func referenceOf(req *sip.Request) (reference, *Fault) {
	if len(req.GetHeaders("Replaces")) > 0 { // RFC 3891 §3
		return reference{}, malformed("header Replaces is in a REFER")
	}
	headers := append(req.GetHeaders("Refer-To"), req.GetHeaders("r")...)
	switch len(headers) {
	case 0:
		return reference{}, malformed("header Refer-To is missing")
	case 1:
		return readReferTo(headers[0].Value())
	}
	return reference{}, malformed("header Refer-To is there %d times", len(headers))
}

func readReferTo(text string) (reference, *Fault) {
	address, err := addressIn(text)
	if err != nil {
		return reference{}, malformed("header Refer-To: %s", err)
	}
	switch scheme, _, _ := strings.Cut(address, ":"); strings.ToLower(scheme) {
	case "sip":
		return readTarget(address)
	case "tel":
		var uri sip.Uri
		if sip.ParseUri(address, &uri) != nil || uri.Raw() == "" {
			return reference{}, malformed("header Refer-To: %q is not a tel: URI", address)
		}
		return reference{to: uri}, nil
	}
	return reference{}, fault(416, "Unsupported URI Scheme", "header Refer-To: only sip: and tel: can be called, not %q", address)
}

// referrer returns the address that the sender of a REFER gives for itself, in Referred-By
// (RFC 3892) or else in From.
func referrer(req *sip.Request) sip.Uri {
	for _, h := range append(req.GetHeaders("Referred-By"), req.GetHeaders("b")...) {
		var uri sip.Uri
		if address, err := addressIn(h.Value()); err == nil && sip.ParseUri(address, &uri) == nil && uri.Host != "" && usable(uri) {
			return uri
		}
	}
	return req.From().Address
}

// addressIn returns the URI of a header that has one name-addr or addr-spec. The
// parameters behind an addr-spec belong to the header (RFC 3261 §20); they are taken for
// those of the URI, which is stricter.
func addressIn(text string) (string, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, `"`) {
		end := endOfQuoted(text)
		if end < 0 {
			return "", errors.New("the display name has no end")
		}
		text = text[end:]
	}
	_, bracketed, found := strings.Cut(text, "<")
	if !found {
		if strings.ContainsAny(text, ",?<>\" \t") {
			return "", errors.New("not one address")
		}
		return text, nil
	}
	address, params, closed := strings.Cut(bracketed, ">")
	if params = strings.TrimSpace(params); !closed || params != "" && params[0] != ';' || strings.Contains(params, ",") {
		return "", errors.New("not one address")
	}
	return address, nil
}

// endOfQuoted returns the length of the quoted string that a text begins with, or -1.
func endOfQuoted(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// readTarget reads a sip: URI. It keeps the parts that name the party, and refuses a URI
// that asks for anything else than a plain call.
func readTarget(address string) (reference, *Fault) {
	user := strings.IndexByte(address, '@') + 1 // the user may have question marks, too
	plain, headers, _ := strings.Cut(address[user:], "?")
	plain = address[:user] + plain
	var uri sip.Uri
	if sip.ParseUri(plain, &uri) != nil || uri.Host == "" || uri.Wildcard || !usable(uri) {
		return reference{}, malformed("header Refer-To: %q is not a sip: URI", plain)
	}
	_, params, _ := strings.Cut(plain[user:], ";")
	r := reference{to: sip.Uri{Scheme: "sip", User: uri.User, Host: uri.Host, Port: uri.Port}}
	if f := r.readParams(params); f != nil {
		return reference{}, f
	}
	if f := r.readHeaders(headers); f != nil {
		return reference{}, f
	}
	return r, nil
}

func refused(format string, args ...any) *Fault {
	return fault(sip.StatusForbidden, "Forbidden", "header Refer-To: "+format, args...)
}

// readParams reads the parameters of the URI. It ignores those that change neither the
// method nor the destination of a request.
func (r *reference) readParams(params string) *Fault {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		name, value = unescaped(name), unescaped(value)
		switch strings.ToLower(name) {
		case "method":
			if value != "INVITE" {
				return refused("the method is %q, not INVITE", value)
			}
		case "maddr", "ttl":
			return refused("the address has the parameter %q", name)
		case "transport":
			transport, err := ParseTransport(value)
			if err != nil {
				return refused("%s", err)
			}
			r.to.UriParams = transportParam(transport)
		}
	}
	return nil
}

// readHeaders reads the headers of the URI, which the request to the target would have
// (RFC 3261 §19.1.5). Only Replaces may be there, and a Require that asks for it.
func (r *reference) readHeaders(headers string) *Fault {
	for header := range strings.SplitSeq(headers, "&") {
		name, value, _ := strings.Cut(header, "=")
		name, value = unescaped(name), unescaped(value)
		switch strings.ToLower(name) {
		case "":
			if value != "" {
				return malformed("header Refer-To: a header of the address has no name")
			}
		case "require":
			if !strings.EqualFold(strings.TrimSpace(value), "replaces") {
				return refused("the call is to require %q", value)
			}
		case "replaces":
			replaces, err := parseReplaces(value)
			if err != nil || r.replaces != nil {
				return malformed("header Refer-To: Replaces cannot be read, or is there several times")
			}
			r.replaces = &replaces
		default:
			return refused("the address has the header %q", name)
		}
	}
	return nil
}

// unescaped returns a part of a URI without its %-escapes, or unchanged if they are
// malformed.
func unescaped(text string) string {
	text = strings.TrimSpace(text)
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
