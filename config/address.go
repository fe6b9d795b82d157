package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"holdfast/sipua"
)

// An Address is a sip: Address taken apart as far as needed to say where it
// leads: sip:user@host:port;transport=tcp (RFC 3261 §19.1.1). Passwords,
// headers and other parameters are not for configuration files and people to
// write, so they are mistakes.
type Address struct {
	User      string
	Host      string     // a name in lower case; empty when ip is set
	IP        netip.Addr // unmapped
	Port      uint16     // 0: not given
	Transport sipua.Transport
}

// transportParam returns the transport that a parameter such as "transport=tcp"
// names; UDP without one.
func transportParam(param string) (t sipua.Transport, ok bool) {
	if param == "" {
		return sipua.UDP, true
	}
	name, value, _ := strings.Cut(param, "=")
	t, err := sipua.ParseTransport(value)
	return t, err == nil && strings.EqualFold(name, "transport")
}

// IsAddress reports whether a text is meant as a sip: address.
func IsAddress(s string) bool { return len(s) > 4 && strings.EqualFold(s[:4], "sip:") }

// ParseAddress takes a sip: address apart. The error is a sentence that says how to
// write it.
func ParseAddress(s string) (Address, error) {
	if !IsAddress(s) {
		return Address{}, fmt.Errorf(`%q is no sip: address; write it like "sip:ana@192.0.2.7:5060"`, s)
	}
	if len(s) > 255 {
		return Address{}, errors.New("a sip: address has at most 255 characters")
	}
	rest, params, _ := strings.Cut(s[4:], ";")
	var a Address
	var ok bool
	if a.Transport, ok = transportParam(params); !ok {
		return Address{}, fmt.Errorf("%q: the only parameter an address may have is transport=udp or transport=tcp", s)
	}
	if user, hostPort, found := strings.Cut(rest, "@"); found {
		if !isUser(user) {
			return Address{}, fmt.Errorf("%q: %q cannot stand before the @", s, user)
		}
		a.User, rest = user, hostPort
	}
	if err := a.setHostPort(rest); err != nil {
		return Address{}, fmt.Errorf("%q: %w", s, err)
	}
	return a, nil
}

func (a *Address) setHostPort(s string) error {
	host := s
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		port, err := strconv.ParseUint(s[i+1:], 10, 16)
		if err != nil || port == 0 {
			return fmt.Errorf("%q is no port; it is a number from 1 to 65535", s[i+1:])
		}
		host, a.Port = s[:i], uint16(port)
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	ip, err := netip.ParseAddr(bare)
	switch {
	case err == nil && ip.Zone() == "" && ip.Is6() == (bare != host):
		a.IP = ip.Unmap()
	case isHostName(host):
		a.Host = strings.ToLower(host)
	default:
		return fmt.Errorf("%q is neither an IP address nor a host name", host)
	}
	return nil
}

// LeadsTo reports whether requests to a arrive at that address; 5060 is the
// port when there is none (RFC 3261 §19.1.2).
func (a Address) LeadsTo(at netip.AddrPort) bool {
	port := a.Port
	if port == 0 {
		port = 5060
	}
	return at.IsValid() && a.IP == at.Addr().Unmap() && port == at.Port()
}

// isUser: the characters RFC 3261 §25.1 allows in a user, without those that
// begin parameters or headers.
func isUser(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()&=+$,/%") == ""
}

func isHostName(s string) bool {
	letter := false
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			isLetter := 'a' <= c|0x20 && c|0x20 <= 'z'
			if !isLetter && (c < '0' || c > '9') && c != '-' {
				return false
			}
			letter = letter || isLetter
		}
	}
	return letter
}

// ParseNumber removes blanks, hyphens and slashes from a phone number as a person
// writes it, and reports whether the result is an E.164 number with its plus sign.
func ParseNumber(s string) (string, bool) {
	s = strings.NewReplacer(" ", "", "-", "", "/", "").Replace(s)
	digits, plus := strings.CutPrefix(s, "+")
	ok := plus && len(digits) >= 3 && len(digits) <= 15 && digits[0] != '0' &&
		strings.Trim(digits, "0123456789") == ""
	return s, ok
}

// CalledUser is what routes go by: the user of a sip: address, or the text itself,
// phone numbers without blanks.
func CalledUser(called string) string {
	if IsAddress(called) {
		called, _, _ = strings.Cut(called[4:], "@")
	}
	if n, ok := ParseNumber(called); ok {
		return n
	}
	return called
}
