package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"holdfast/sipua"
)

// An Address is a sip: Address taken apart as far as needed to know where it leads:
// sip:user@host:port;transport=tcp (RFC 3261 §19.1.1). Passwords, headers and most
// other parameters are not for configuration files and people to write, so they are
// mistakes.
type Address struct {
	User      string     // unescaped; a phone number without separators
	Host      string     // a name in lower case; empty when ip is set
	IP        netip.Addr // unmapped
	Port      uint16     // 0: not given
	Transport sipua.Transport

	named bool // the transport is given
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

// setParams reads the parameters, such as "transport=tcp;user=phone". user=phone is
// ignored: a phone number is recognised without it.
func (a *Address) setParams(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		switch strings.ToLower(name) {
		case "transport":
			t, ok := transportParam(p)
			if !ok || a.named {
				return false
			}
			a.Transport, a.named = t, true
		case "user":
			if !strings.EqualFold(value, "phone") && !strings.EqualFold(value, "ip") {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// IsAddress reports whether a text is meant as a sip: or sips: address.
func IsAddress(s string) bool {
	scheme, rest, found := strings.Cut(s, ":")
	return found && rest != "" && (strings.EqualFold(scheme, "sip") || strings.EqualFold(scheme, "sips"))
}

// ParseAddress takes a sip: address apart. The error is a sentence on how to write it.
func ParseAddress(s string) (Address, error) {
	scheme, rest, _ := strings.Cut(s, ":")
	switch {
	case !IsAddress(s):
		return Address{}, fmt.Errorf(`%q is not a sip: address; write it like "sip:ana@192.0.2.7:5060"`, s)
	case strings.EqualFold(scheme, "sips"):
		return Address{}, fmt.Errorf("%q: a sips: address needs TLS, which this server does not have; write sip: instead", s)
	case len(s) > 255:
		return Address{}, errors.New("a sip: address has at most 255 characters")
	}
	var a Address
	user, hostPort, found := strings.Cut(rest, "@")
	if found {
		if !isUser(user) {
			return Address{}, fmt.Errorf("%q: invalid user part %q before the @", s, user)
		}
		a.User, rest = sipua.CanonicalUser(user), hostPort
	}
	rest, params, given := strings.Cut(rest, ";")
	if given && !a.setParams(params) {
		return Address{}, fmt.Errorf("%q: the only parameters an address may have are transport=udp or transport=tcp, and user=phone", s)
	}
	if err := a.setHostPort(rest); err != nil {
		return Address{}, fmt.Errorf("%q: %w", s, err)
	}
	return a, nil
}

// String is the address in the one spelling that all addresses equal to it have (RFC
// 3261 §19.1.4), except the transport that is named. 5060 is the port of an IP address
// anyway; behind a host name it makes a difference (RFC 3263 §4.2).
func (a Address) String() string {
	host := a.Host
	if a.IP.IsValid() {
		host = a.IP.String()
		if a.IP.Is6() {
			host = "[" + host + "]"
		}
	}
	if a.Port != 0 && (a.Port != 5060 || a.Host != "") {
		host += ":" + strconv.Itoa(int(a.Port))
	}
	if a.User != "" {
		host = sipua.EscapeUser(a.User) + "@" + host
	}
	if a.named {
		host += ";transport=" + a.Transport.String()
	}
	return "sip:" + host
}

// Party is the same for all addresses of one party. The transport does not matter, and
// unlike in RFC 3261 §19.1.4 neither does the case of the user: no two people differ in
// that alone, and phones do not distinguish them.
func (a Address) Party() string {
	a.named = false
	return strings.ToLower(a.String())
}

func (a *Address) setHostPort(s string) error {
	host := s
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		port, err := strconv.ParseUint(s[i+1:], 10, 16)
		if err != nil || port == 0 {
			return fmt.Errorf("%q is not a port; give a number from 1 to 65535", s[i+1:])
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
	return at.IsValid() && a.At() == netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// At is the IP address and port that requests to a arrive at; the zero value for a
// host name.
func (a Address) At() netip.AddrPort {
	switch {
	case !a.IP.IsValid():
		return netip.AddrPort{}
	case a.Port == 0:
		return netip.AddrPortFrom(a.IP, 5060)
	}
	return netip.AddrPortFrom(a.IP, a.Port)
}

// isUser: the characters RFC 3261 §25.1 allows in a user, without the one that begins
// headers.
func isUser(s string) bool {
	_, err := url.PathUnescape(s)
	return s != "" && err == nil && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()&=+$,/%;") == ""
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
