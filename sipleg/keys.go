package sipleg

import (
	"holdfast/call"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// The events of a line about keys and prompts.
type (
	// pressed: the peer has pressed a key, as a telephone-event in its audio.
	pressed struct{ key byte }

	// played: the peer has heard a prompt to its end.
	played struct{}
)

func (pressed) Trace() string { return "" }
func (played) Trace() string  { return "" }

// A way is how a peer sends keys.
type way string

const (
	byEvents way = "telephone-event" // RFC 4733
	byInfo   way = "INFO"
)

// key takes a key of the peer. Some phones send each key both ways, so the way they
// began with counts, until their audio comes from another address. A restart may forget
// the way: it is not worth an entry of its own.
func (t *step) key(key byte, how way) {
	if t.way == "" {
		t.way = how
	}
	if t.way == how {
		t.emit(call.Pressed{Connection: t.connection, Key: string(key)})
	}
	if how == byInfo && t.session.Stream.Events == 0 && !t.ended { // else it is in the audio, too
		t.out = append(t.out, passing{t.audio, key})
	}
}

// informed takes an INFO request of the peer.
func (t *step) informed(info sipua.Info) {
	if key, is := info.Key(); is {
		t.key(key, byInfo)
	}
}

// press presses keys towards an answered peer: in its audio, if it has agreed to them
// there.
func (t *step) press(keys string) {
	switch {
	case t.ended || !t.dialog.Established():
	case t.session.Stream.Events != 0:
		t.out = append(t.out, typing{t.audio, keys})
	default:
		t.run(t.dialog.Press(t.now, keys))
	}
}

// passing presses a key that came by INFO towards all parties that hear the leg. It is
// written down nowhere: it may be a part of a card number.
type passing struct {
	audio audio
	key   byte
}

func (passing) Class() switchboard.Class { return switchboard.Exempt }
func (passing) Trace() string            { return "" }

func (p passing) Send() error {
	p.audio.Pass(p.key)
	return nil
}

// typing presses keys in the audio. It is not repeated after a restart: a person
// presses a missing key again, but cannot undo an extra one.
type typing struct {
	audio audio
	keys  string
}

func (typing) Class() switchboard.Class { return switchboard.Journaled }
func (typing) Trace() string            { return "" }

func (t typing) Send() error {
	t.audio.Press(t.keys)
	return nil
}
