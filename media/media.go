// Package media connects the audio of parties: it relays, mixes, plays and records
// RTP audio in G.711. It never decides which parties hear each other: a [call.Mix]
// sets that.
//
// A room is one contact. Each leg of it has one transport, a UDP socket or one
// that its user brings, and hears one RTP stream from us: one SSRC, whose sequence
// numbers and timestamps go on without a break whatever the leg hears. A leg that
// hears one other leg gets its packets relayed as they come; a leg that hears
// several gets them mixed every 20 ms; a leg that hears no other is played an
// audio. No leg in a mix goes without packets for longer than about 100 ms: where
// a relayed leg falls silent, comfort noise takes over. A leg whose packets are
// longer than 60 ms is not relayed, but taken apart as for a mix.
//
// # Which packets are the peer's
//
// RTP has no proof of its sender, so a leg over UDP goes by addresses. A packet
// from Stream.Remote is always the peer's, and from then on we send there,
// whatever was heard before. (One exception: if Stream.Remote is private and
// Stream.Host is not, audio from Stream.Host takes the place of audio from
// Stream.Remote.) A phone behind a NAT sends from another address: three packets
// in sequence from Stream.Host, the address that its signalling came from, make
// that address the peer's, unless the leg has heard its peer within the last
// second. If the peer's stream goes on from another port of its host (same SSRC,
// later sequence numbers), as it does when a NAT gives the phone another port, 200
// ms of silence are enough. An address that a new Stream.Remote has replaced is
// ignored for a second.
//
// So another host can send any packets to the port of a leg: it is never sent
// anything, never heard, and the audio of others goes on without a gap. A program
// that shares the phone's address (another phone behind the same NAT, another call
// of the same trunk) can do more if the phone does not send from Stream.Remote:
// before the phone's first packet, or when the phone has been silent for a second,
// it can take the phone's place, gets the phone's audio, and keeps the place until
// it has been silent for a second. The first packet from Stream.Remote ends that.
// A sender who forges the phone's address and port is heard in its place, but is
// sent nothing.
package media

import (
	"fmt"
	"net/netip"
)

// A Stream is the audio agreed for a leg.
type Stream struct {
	Remote      netip.AddrPort `json:"remote"`        // the address in SDP to send to
	Host        netip.Addr     `json:"host,omitzero"` // where SDP came from; audio may come from there, too
	Codec       Codec          `json:"codec"`
	PayloadType uint8          `json:"payloadType"`        // of Codec
	Events      uint8          `json:"events"`             // payload type of telephone-event to the peer, 0: not agreed
	EventsIn    uint8          `json:"eventsIn,omitempty"` // another of telephone-event from the peer: that of our offer
	Send        bool           `json:"send"`               // we may send to the peer
	Receive     bool           `json:"receive"`            // the peer sends to us
}

// codecOf returns the codec of a payload type that may come. Both laws may come by
// their static types, whichever we send: each of our offers has both (RFC 3264
// §5.1).
func (s *Stream) codecOf(payloadType uint8) (c Codec, ok bool) {
	switch payloadType {
	case s.PayloadType:
		return s.Codec, true
	case 0:
		return PCMU, true
	case 8:
		return PCMA, true
	}
	return 0, false
}

// isEvents reports whether packets with that payload type are telephone-events.
func (s *Stream) isEvents(payloadType uint8) bool {
	return payloadType != 0 && payloadType != s.PayloadType && (payloadType == s.Events || payloadType == s.EventsIn)
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
	rate   = 8000       // samples and RTP timestamp units in a second (RFC 3551 §4.5.14)
	frame  = rate / 50  // samples in the 20 ms that each of our packets holds
	widest = 10 * frame // samples in the longest packet taken from a peer, 200 ms (RFC 3551 §4.2)
	longer = 3 * frame  // samples in the longest packet that is relayed as it comes
)
