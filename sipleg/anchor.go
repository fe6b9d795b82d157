package sipleg

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"holdfast/call"
	"holdfast/media"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// Audio is a leg's place in the audio of its contact, as media.Leg is.
type audio interface {
	Port() uint16
	Set(media.Stream)
	Tune(media.Stream)
	Latched(func(netip.AddrPort))
	Latch(peer netip.AddrPort)
	Pressed(func(key byte))
	Played(func())
	Silent(after time.Duration, f func())
	Press(keys string)
	Pass(key byte)
	Close()
}

// An engine makes sounds, as media.Engine does.
type engine interface {
	Address() netip.Addr
	Open(room call.ContactID, leg call.ConnectionID, port uint16) (audio, error)
	CloseRoom(room call.ContactID)
}

// rooms is a media engine as an engine.
type rooms struct{ *media.Engine }

func (r rooms) Open(room call.ContactID, leg call.ConnectionID, port uint16) (audio, error) {
	return r.Room(room).Open(leg, port)
}

func (r rooms) CloseRoom(room call.ContactID) { r.Room(room).Close() }

// An anchor holds a leg's resources in this process; all values of the leg
// share it. Besides hop, refused and theirs nothing in it changes.
type anchor struct {
	lines      *Legs
	contact    call.ContactID
	connection call.ConnectionID
	role       role
	name       string         // a person's name for the party
	identity   sipua.Identity // of its dialog, which finds it
	audio      audio          // silence for a leg that had ended before it was restored
	at         netip.AddrPort // where its audio is received
	caller     invited        // the wishes in a caller's INVITE
	audience   audience

	hop     atomic.Pointer[netip.AddrPort] // where the last message went; nil: it is known to be lost
	refused atomic.Bool                    // the INVITE that began it, by us or by its sender
	theirs  atomic.Pointer[string]         // the peer's tag; nil: not known yet
}

// Close implements switchboard.Leg.
func (a *anchor) Close() {
	a.lines.forget(a)
	a.audio.Close()
}

// deliver hands the leg an input, if there still is a leg.
func (a *anchor) deliver(in switchboard.Incoming) bool {
	return a.lines.board.Deliver(a.contact, a.connection, in)
}

// silence is the audio of a leg that needs none.
type silence struct{}

func (silence) Port() uint16                 { return 0 }
func (silence) Set(media.Stream)             {}
func (silence) Tune(media.Stream)            {}
func (silence) Latched(func(netip.AddrPort)) {}
func (silence) Latch(netip.AddrPort)         {}
func (silence) Pressed(func(byte))           {}
func (silence) Played(func())                {}
func (silence) Silent(time.Duration, func()) {}
func (silence) Press(string)                 {}
func (silence) Pass(byte)                    {}
func (silence) Close()                       {}

// open gives the leg a port, 0 meaning any, and makes it known by its Call-ID.
func (a *anchor) open(port uint16) error {
	s, err := a.lines.engine.Open(a.contact, a.connection, port)
	if err != nil {
		return fmt.Errorf("opening a port for audio: %w", err)
	}
	a.audio, a.at = s, netip.AddrPortFrom(a.lines.engine.Address(), s.Port())
	s.Latched(func(peer netip.AddrPort) { a.deliver(latched{peer}) })
	s.Pressed(func(key byte) { a.deliver(pressed{key}) })
	s.Played(func() { a.deliver(played{}) })
	s.Silent(a.lines.askAfter, func() { a.deliver(silent{}) })
	a.lines.register(a)
	return nil
}

// reopen is open on the port it had before, or else on any.
func (a *anchor) reopen(port uint16) error {
	err := a.open(port)
	if err != nil && port != 0 {
		a.lines.log.Warn("the port of a leg is taken", "port", port, "contact", a.contact, "error", err)
		err = a.open(0)
	}
	return err
}
