package webleg

import (
	"fmt"
	"strings"

	"holdfast/media"
	"holdfast/switchboard"
)

// The events of a browser's line.
type (
	// offered: the agent's page has offered a session.
	offered struct {
		session int
		agent   string
	}

	// connected: a session carries packets, for the first time or again.
	connected struct {
		session int
		agent   string
		events  uint8 // payload type of its telephone-events, 0: none
	}

	// lost: a session no longer carries packets.
	lost struct {
		session int
		agent   string
		reason  string
	}

	// pressed: the browser has sent a key as telephone-events.
	pressed struct{ key byte }

	// played: the browser has been sent a prompt to its end.
	played struct{}
)

func (o offered) Trace() string {
	return line("<-", fmt.Sprintf("offer (session %d)", o.session), o.agent)
}
func (c connected) Trace() string {
	return line("<-", fmt.Sprintf("connected (session %d)", c.session), c.agent)
}
func (l lost) Trace() string {
	return line("<-", fmt.Sprintf("lost (session %d: %s)", l.session, l.reason), l.agent)
}
func (pressed) Trace() string { return "" }
func (played) Trace() string  { return "" }

// setting sets the agreed audio of a leg.
type setting struct {
	audio       *media.Leg
	stream, was media.Stream
}

func (setting) Class() switchboard.Class { return switchboard.Local }
func (setting) Trace() string            { return "" }

// Precede implements switchboard.Setting.
func (s setting) Precede() { s.audio.Tune(s.stream) }

// Undo implements switchboard.Setting.
func (s setting) Undo() { s.audio.Tune(s.was) }

func (s setting) Send() error {
	s.audio.Set(s.stream)
	return nil
}

// hangUp ends the leg's session, if any, and lets it have no other.
type hangUp struct{ on *anchor }

func (hangUp) Class() switchboard.Class { return switchboard.Ending }
func (h hangUp) Trace() string          { return line("->", "end (session)", h.on.agent) }

func (h hangUp) Send() error {
	h.on.end()
	return nil
}

// line formats one line for the record, such as "<- connected (session 2) ana".
func line(arrow, what, agent string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfffd {
			return -1
		}
		return r
	}, arrow+" "+what+" "+agent)
}
