// Package media makes who hears whom: it relays, mixes, plays and records RTP
// audio in G.711. It never decides who should hear whom: a [call.Mix] says so.
//
// A room is one contact. Each leg of it has one transport, a UDP socket or one
// that somebody else brings, and hears one RTP stream from us: one SSRC, whose
// sequence numbers and timestamps go on without a break whatever the leg hears.
// A leg that hears one other leg gets its packets relayed as they come; a leg
// that hears several gets them mixed every 20 ms; a leg that hears no other is
// played an audio. No leg in a mix goes without packets for longer than about
// 100 ms: where a relayed leg falls silent, comfort noise takes over.
package media

import (
	"fmt"
	"net/netip"
)

// A Stream is what was agreed for a leg.
type Stream struct {
	Remote      netip.AddrPort `json:"remote"` // where SDP says to send
	Codec       Codec          `json:"codec"`
	PayloadType uint8          `json:"payloadType"` // of Codec, both ways
	Events      uint8          `json:"events"`      // payload type of telephone-event, 0: not agreed
	Send        bool           `json:"send"`        // we may send to the peer
	Receive     bool           `json:"receive"`     // the peer sends to us
}

// A Codec is a G.711 law.
type Codec int

const (
	PCMU Codec = iota
	PCMA
)

// String returns the codec's name in SDP.
func (c Codec) String() string {
	if c == PCMA {
		return "PCMA"
	}
	return "PCMU"
}

// MarshalText implements encoding.TextMarshaler.
func (c Codec) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Codec) UnmarshalText(text []byte) error {
	for _, *c = range []Codec{PCMU, PCMA} {
		if c.String() == string(text) {
			return nil
		}
	}
	return fmt.Errorf("unknown codec %q", text)
}

const (
	rate   = 8000      // samples and RTP timestamp units in a second (RFC 3551 §4.5.14)
	frame  = rate / 50 // samples in the 20 ms that every packet of ours holds
	widest = 3 * frame // samples in the longest packet taken from a peer, 60 ms
)
