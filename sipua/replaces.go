package sipua

import (
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// A Replaces names the dialog that a new call takes the place of (RFC 3891), as its
// sender sees it: of a dialog with us, ToTag is our tag and FromTag theirs.
type Replaces struct {
	CallID    string
	ToTag     string
	FromTag   string
	EarlyOnly bool // only while that dialog is not answered
}

// String returns the value of the header.
func (r Replaces) String() string {
	text := r.CallID + ";to-tag=" + r.ToTag + ";from-tag=" + r.FromTag
	if r.EarlyOnly {
		text += ";early-only"
	}
	return text
}

// ReplacesOf returns which dialog a first INVITE replaces, or nil if it replaces none.
// The error is a *Fault with status 400: the header cannot be read, or is there several
// times (RFC 3891 §3). The caller answers with Refuse.
func ReplacesOf(invite *sip.Request) (*Replaces, error) {
	headers := invite.GetHeaders("Replaces")
	switch len(headers) {
	case 0:
		return nil, nil
	case 1:
	default:
		return nil, malformed("header Replaces is there %d times", len(headers))
	}
	r, err := parseReplaces(headers[0].Value())
	if err != nil {
		return nil, malformed("header Replaces: %s", err)
	}
	return &r, nil
}

// parseReplaces reads the value of one header (RFC 3891 §6.1).
func parseReplaces(text string) (Replaces, error) {
	callID, params, _ := strings.Cut(text, ";")
	r := Replaces{CallID: strings.TrimSpace(callID)}
	if !isWord(r.CallID) {
		return Replaces{}, fmt.Errorf("%q is not a Call-ID", r.CallID)
	}
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		value = strings.TrimSpace(value)
		var tag *string
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "to-tag":
			tag = &r.ToTag
		case "from-tag":
			tag = &r.FromTag
		case "early-only":
			r.EarlyOnly = true
			continue
		default:
			continue
		}
		if *tag != "" || !isWord(value) {
			return Replaces{}, fmt.Errorf("%q is not one tag", strings.TrimSpace(param))
		}
		*tag = value
	}
	if r.ToTag == "" || r.FromTag == "" {
		return Replaces{}, fmt.Errorf("to-tag or from-tag is missing")
	}
	return r, nil
}

// isWord reports whether a text can be a Call-ID or a tag: printable ASCII without the
// separators of header values and parameters.
func isWord(text string) bool {
	return text != "" && strings.IndexFunc(text, func(c rune) bool { return c <= ' ' || c > '~' || c == ',' || c == ';' }) < 0
}
