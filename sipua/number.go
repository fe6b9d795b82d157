package sipua

import (
	"net/url"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// separators are the characters that people and RFC 3966 §3 write between the digits
// of a phone number, and those into which word processors turn them.
var separators = strings.NewReplacer(
	" ", "", "-", "", ".", "", "(", "", ")", "", "/", "", "\u00a0", "", "\u2010", "", "\u2011", "", "\u2013", "")

// ParseNumber returns the E.164 number, with its plus sign, that a person has
// written, or that a tel: URI or the user part of a sip: URI holds. Two spellings of
// one number give the same result (RFC 3966 §4). Parameters on how to reach the number
// are ignored; with one that names another party (an extension) it is not a number. A
// zero in brackets, "+49 (0)30", stands for two different numbers and is none.
func ParseNumber(text string) (number string, ok bool) {
	text = withoutScheme(strings.TrimSpace(text), "tel")
	text, params, _ := strings.Cut(text, ";")
	for p := range strings.SplitSeq(params, ";") {
		if name, _, _ := strings.Cut(strings.ToLower(p), "="); name == "ext" || name == "isub" || name == "phone-context" {
			return "", false
		}
	}
	if strings.Contains(text, "(0)") {
		return "", false
	}
	number = separators.Replace(text)
	digits, plus := strings.CutPrefix(number, "+")
	ok = plus && len(digits) >= 3 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
	return number, ok
}

// UserOf is the user that a sip: or tel: URI names, such that two URIs that are equal
// by RFC 3261 §19.1.4 have the same: unescaped, without the parameters of a telephone
// number (RFC 3966 §3, RFC 4694, RFC 4904), and a phone number without separators.
func UserOf(uri sip.Uri) string {
	if uri.Scheme == "tel" {
		return separators.Replace(CanonicalUser(uri.Raw()))
	}
	return CanonicalUser(uri.User)
}

// CanonicalUser is UserOf for a user part as it is written in a URI.
func CanonicalUser(user string) string {
	if plain, err := url.PathUnescape(user); err == nil {
		user = plain
	}
	subscriber, _, _ := strings.Cut(user, ";")
	if subscriber != "" && strings.Trim(strings.ToLower(subscriber), "+0123456789abcdef*#-.()") == "" && strings.ContainsAny(subscriber, "0123456789") {
		user = subscriber
	}
	if n, ok := ParseNumber(user); ok {
		return n
	}
	return user
}

// CalledUser is the key of routes: the user of a sip: or tel: URI (see UserOf), or the
// text itself if it is none.
func CalledUser(called string) string {
	scheme, _, _ := strings.Cut(called, ":")
	var uri sip.Uri
	if slices.Contains([]string{"sip", "sips", "tel"}, strings.ToLower(scheme)) && sip.ParseUri(called, &uri) == nil {
		return UserOf(uri)
	}
	if n, ok := ParseNumber(called); ok {
		return n
	}
	return CanonicalUser(called)
}

// EscapeUser is a user as it is written in a URI (RFC 3261 §25.1, user).
func EscapeUser(user string) string {
	var out strings.Builder
	for _, c := range []byte(user) {
		if isUnescaped(c) {
			out.WriteByte(c)
		} else {
			out.WriteByte('%')
			out.WriteByte("0123456789ABCDEF"[c>>4])
			out.WriteByte("0123456789ABCDEF"[c&15])
		}
	}
	return out.String()
}

func isUnescaped(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0
}

// withoutScheme is a URI without its scheme, if that is the one given.
func withoutScheme(text, scheme string) string {
	if len(text) > len(scheme) && strings.EqualFold(text[:len(scheme)], scheme) && text[len(scheme)] == ':' {
		return text[len(scheme)+1:]
	}
	return text
}
