// Package media makes who hears whom: it relays, mixes, plays and records RTP
// sound in G.711. It never decides who should hear whom; a [Mix] tells it.
package media

import "net/netip"

// An Engine carries the sound of all rooms of a process. Its methods and those
// of its rooms and legs may be called by any goroutine.
type Engine struct{}

// Options configure an Engine. The zero value listens on 127.0.0.1, on any
// free port, plays the built-in hold audio and records nothing.
type Options struct {
	Address             netip.Addr // where legs listen, and what SDP says
	FirstPort, LastPort uint16     // even RTP ports are taken from here; 0, 0: any
	HoldAudio           []int16    // 8 kHz mono, repeated for ever; nil: the built-in one
	RecordDir           string     // record every room into this directory; empty: none
}

// Start starts an engine; Close ends it and all its rooms.
func Start(o Options) (*Engine, error) { panic("not yet") }

func (e *Engine) Close() error { panic("not yet") }

// Address is where the engine's legs listen.
func (e *Engine) Address() netip.Addr { panic("not yet") }

// Room returns the room with that id, making it if need be.
func (e *Engine) Room(id string) *Room { panic("not yet") }

// A Room is where the sound of one contact is made.
type Room struct{}

// Open binds a socket for a leg and adds it to the room, mute: it neither
// sends nor receives until Leg.Set. Port 0 means any free one; a given port is
// bound exactly (after a restart). A leg's number is unique in its room.
func (r *Room) Open(leg int, port uint16) (*Leg, error) { panic("not yet") }

// Set makes everyone hear what mix says, from the next packet on; legs that
// are not in mix hear nothing. Legs in mix that are not open yet are heard
// from when they are. It is idempotent. It returns the legs that are open, in
// mix, and have sound agreed in both directions, in mix's order.
func (r *Room) Set(mix Mix) []int { panic("not yet") }

// Close closes the room and all its legs.
func (r *Room) Close() { panic("not yet") }

// A Mix is the whole of who hears what in a room.
type Mix []Hearing

// A Hearing is what one leg hears: other legs, or an audio.
type Hearing struct {
	Leg  int
	From []int
	Play Audio // when From is empty
}

// An Audio is something the engine plays by itself.
type Audio int

const (
	Silence Audio = iota // packets of silence
	Hold                 // hold audio
	Comfort              // a faint noise that says the line is alive
)

// A Leg is one party's RTP socket in a room.
type Leg struct{}

// Port is the local RTP port.
func (l *Leg) Port() uint16 { panic("not yet") }

// A Stream is what was agreed for a leg.
type Stream struct {
	Remote      netip.AddrPort // where SDP says to send
	Codec       Codec
	PayloadType uint8 // of Codec, both ways
	Events      uint8 // payload type of telephone-event, 0: not agreed
	Send        bool  // we may send to the peer
	Receive     bool  // the peer sends to us
}

// Set agrees a stream. Setting the same again changes nothing; a new Remote
// lifts the lock on the old peer address.
func (l *Leg) Set(s Stream) { panic("not yet") }

// Latched calls f, once for each change, when the peer's sound comes from
// another address than Stream.Remote and the leg has locked on to it (RFC 4961).
// f must not block.
func (l *Leg) Latched(f func(netip.AddrPort)) { panic("not yet") }

// Latch locks the leg on to an address known from before a restart.
func (l *Leg) Latch(peer netip.AddrPort) { panic("not yet") }

// Close takes the leg out of its room and closes its socket.
func (l *Leg) Close() { panic("not yet") }

// A Codec is a G.711 law.
type Codec int

const (
	PCMU Codec = iota
	PCMA
)
