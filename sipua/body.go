package sipua

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// accepted are the types of body that an INVITE may have.
const accepted = sdpType + ", multipart/mixed"

// maxNested is how deep a multipart body may be nested: RFC 5621 §3 lets parts have
// parts, and one level of that is enough.
const maxNested = 2

// sdpOf is the session description in msg, or nil: the body itself, or the part of a
// multipart body that describes the session, wherever it stands among others, such as
// ISUP (RFC 3204) or a location (RFC 6442).
func sdpOf(msg sip.Message) []byte {
	if encoded(msg) {
		return nil
	}
	return sdpIn(headerValue(msg, "content-type"), "", msg.Body(), maxNested)
}

func sdpIn(contentType, disposition string, body []byte, nested int) []byte {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		media, _, _ = strings.Cut(contentType, ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	use, _, _ := strings.Cut(disposition, ";")
	use = strings.ToLower(strings.TrimSpace(use))
	switch {
	case len(body) == 0:
	case media == sdpType && (use == "" || use == "session"):
		return body
	case strings.HasPrefix(media, "multipart/") && nested > 0 && params["boundary"] != "":
		return sdpAmong(multipart.NewReader(bytes.NewReader(body), params["boundary"]), nested-1)
	}
	return nil
}

// sdpAmong is the first session description among parts. The parts after one that cannot
// be read are not looked at.
func sdpAmong(parts *multipart.Reader, nested int) []byte {
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return nil
		}
		body, err := io.ReadAll(part)
		if err != nil {
			return nil
		}
		if e := part.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
			continue
		}
		if sdp := sdpIn(part.Header.Get("Content-Type"), part.Header.Get("Content-Disposition"), body, nested); sdp != nil {
			return sdp
		}
	}
}

// takesSDP reports whether the sender of a request takes an answer with a description
// (RFC 3261 §20.1): it has SDP in Accept, or has no Accept.
func takesSDP(msg sip.Message) bool {
	said := false
	for _, h := range msg.GetHeaders("Accept") {
		for one := range strings.SplitSeq(strings.ToLower(h.Value()), ",") {
			media, _, _ := strings.Cut(one, ";")
			switch strings.TrimSpace(media) {
			case sdpType, "application/*", "*/*":
				return true
			}
			said = true
		}
	}
	return !said
}

// encoded reports whether msg's body must be decoded first, which we do not do.
func encoded(msg sip.Message) bool {
	e := headerValue(msg, "content-encoding")
	if e == "" {
		e = headerValue(msg, "e")
	}
	return len(msg.Body()) > 0 && e != "" && !strings.EqualFold(e, "identity")
}

// optional reports whether a body need not be understood (RFC 3261 §20.11); the parts of
// a multipart body need not, because their senders do not always mark them as optional.
func optional(msg sip.Message) bool {
	_, params, _ := strings.Cut(strings.ToLower(headerValue(msg, "content-disposition")), ";")
	return strings.Contains(strings.ReplaceAll(params, " ", ""), "handling=optional") ||
		strings.HasPrefix(strings.ToLower(contentType(msg)), "multipart/mixed")
}

func headerValue(msg sip.Message, name string) string {
	for _, h := range msg.GetHeaders(name) {
		return strings.TrimSpace(h.Value())
	}
	return ""
}
