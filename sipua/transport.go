package sipua

import (
	"fmt"
	"strings"
)

// A Transport carries SIP messages. The zero value is UDP.
type Transport uint8

const (
	UDP Transport = iota
	TCP
)

// String returns the transport's name in a URI parameter (RFC 3261 §19.1.1).
func (t Transport) String() string {
	if t == TCP {
		return "tcp"
	}
	return "udp"
}

// Reliable reports whether nothing sent over the transport has to be repeated.
func (t Transport) Reliable() bool { return t == TCP }

// ParseTransport returns the transport of that name, in any case.
func ParseTransport(name string) (Transport, error) {
	switch strings.ToLower(name) {
	case "udp":
		return UDP, nil
	case "tcp":
		return TCP, nil
	}
	return UDP, fmt.Errorf("unknown transport %q: want udp or tcp", name)
}
