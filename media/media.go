// Package media makes who hears whom: it relays, mixes, plays and records RTP
// audio in G.711. It never decides who should hear whom; a [Mix] tells it.
//
// A room is one contact. Each leg of it has one socket, and hears one RTP
// stream from us: one SSRC, whose sequence numbers and timestamps go on without
// a break whatever the leg hears. Who hears one other leg has its packets
// relayed as they come; who hears several has them mixed every 20 ms; who hears
// nobody is played an audio. Nobody in a mix is left without packets for longer
// than about 100 ms: where a relayed leg falls silent, faint noise takes over.
package media

import "net/netip"

// A Mix is the whole of who hears what in a room.
type Mix []Hearing

// A Hearing is what one leg hears: other legs, or an audio.
type Hearing struct {
	Leg    int
	From   []int
	Play   Audio // when From is empty
	Record bool  // on request, besides what the engine records anyway
}

// An Audio is something the engine plays by itself: for ever, or, a prompt,
// once.
type Audio int

const (
	Silence  Audio = iota // packets of silence
	Comfort               // a faint noise that says the line is alive
	Hold                  // hold audio
	Queue                 // for who waits in a queue
	Park                  // for who waits and nobody is coming
	Ringback              // for who waits until somebody picks up
	Whisper               // a prompt, which tells who is calling
	Confirm               // a prompt, which asks for a key
)

// A Stream is what was agreed for a leg.
type Stream struct {
	Remote      netip.AddrPort // where SDP says to send
	Codec       Codec
	PayloadType uint8 // of Codec, both ways
	Events      uint8 // payload type of telephone-event, 0: not agreed
	Send        bool  // we may send to the peer
	Receive     bool  // the peer sends to us
}

// A Codec is a G.711 law.
type Codec int

const (
	PCMU Codec = iota
	PCMA
)

const (
	rate   = 8000      // samples and RTP timestamp units in a second (RFC 3551 §4.5.14)
	frame  = rate / 50 // samples in the 20 ms that every packet of ours holds
	widest = 3 * frame // samples in the longest packet taken from a peer, 60 ms
)
