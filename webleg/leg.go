package webleg

import (
	"time"

	"holdfast/call"
	"holdfast/media"
	"holdfast/switchboard"
)

// A leg is one agent's browser in a contact, as a value (see switchboard.Leg).
//
//	Dial ──▶ Rang ──▶ [Answer] ──▶ session up: Answered ──▶ session down: Lost
//	                                                ▲                   │
//	                                                └─ up again: Back ◀─┘
//
// The session may be up before the agent accepts; it carries no audio until then.
// Drop ends the leg in any state and at once: sessions are numbered, so no late
// message can reach another one.
type leg struct {
	*anchor
	state   state
	session int   // number of the newest session; 0: none yet in this process
	up      bool  // the session carries packets
	events  uint8 // payload type of the session's telephone-events, 0: none
}

// A state is how the agent is on the line.
type state string

const (
	ringing  state = "ringing"  // the agent has not accepted yet
	accepted state = "accepted" // the agent has accepted; the session is not up yet
	talking  state = "talking"  // the agent has accepted and the session is up
	away     state = "away"     // the agent has talked; the session is down
	ended    state = "ended"
)

// Receive implements switchboard.Leg.
func (l leg) Receive(_ time.Time, in switchboard.Incoming) switchboard.Plan {
	t := step{leg: l}
	switch in := in.(type) {
	case offered:
		if in.session > l.session {
			t.down("replaced by a new session")
			t.session = in.session
		}
	case connected:
		if in.session >= l.session {
			t.session, t.up, t.events = in.session, true, in.events
			t.begin()
		}
	case lost:
		if in.session == l.session {
			t.down(in.reason)
		}
	case pressed:
		t.emit(call.Pressed{Connection: l.connection, Key: string(in.key)})
	case played:
		t.emit(call.Played{Connection: l.connection})
	case switchboard.Resumed: // no session outlives its process
		t.down("the server restarted")
	case switchboard.Tick: // Deadline never asks for one
	default:
		l.lines.log.Error("a web leg cannot receive this", "what", in, "contact", l.contact)
	}
	return t.plan(l)
}

// Plan implements switchboard.Leg.
func (l leg) Plan(_ time.Time, c call.Command) switchboard.Plan {
	t := step{leg: l}
	switch c := c.(type) {
	case call.Dial:
		if l.state == ringing {
			t.emit(call.Rang{Connection: l.connection})
		}
	case call.Answer:
		if l.state == ringing {
			t.state = accepted
			t.begin()
		}
	case call.Drop:
		if l.state != ended {
			t.state, t.up = ended, false
			t.out = append(t.out, hangUp{l.anchor})
		}
	case call.Ring, call.Refuse: // a browser never calls us
	case call.Digits, call.Notify, call.Introduce: // for the page, not for its line
	default:
		l.lines.log.Error("a web leg does not support this command", "command", c, "contact", l.contact)
	}
	return t.plan(l)
}

// Deadline implements switchboard.Leg. The contact's own deadlines suffice.
func (l leg) Deadline() time.Time { return time.Time{} }

// Gone implements switchboard.Leg.
func (l leg) Gone() bool { return l.state == ended }

// stream returns the agreed audio: none unless the agent talks.
func (l leg) stream() media.Stream {
	if l.state != talking || !l.up {
		return media.Stream{}
	}
	return media.Stream{Codec: media.PCMU, PayloadType: pcmu, Events: l.events, Send: true, Receive: true}
}

// A step is a leg that is being changed.
type step struct {
	leg
	facts []call.Event
	out   []switchboard.Outgoing
}

// plan turns the step into a plan. It sets the audio only when that changes: a
// leg whose audio was never set is mute and is not recorded.
func (t *step) plan(before leg) switchboard.Plan {
	if stream := t.stream(); t.state != ended && stream != before.stream() {
		t.out = append(t.out, setting{t.audio, stream, before.stream()})
	}
	return switchboard.Plan{Leg: t.leg, Facts: t.facts, Out: t.out}
}

// begin starts the audio once the agent has accepted and the session is up.
func (t *step) begin() {
	switch {
	case !t.up:
	case t.state == accepted:
		t.state = talking
		t.emit(call.Answered{Connection: t.connection})
	case t.state == away:
		t.state = talking
		t.emit(call.Back{Connection: t.connection})
	}
}

// down notes that the session no longer carries packets.
func (t *step) down(reason string) {
	t.up = false
	if t.state == talking {
		t.state = away
		t.emit(call.Lost{Connection: t.connection, Detail: reason, MayReturn: true})
	}
}

// emit adds a fact to the plan.
func (t *step) emit(fact call.Event) {
	if t.state != ended {
		t.facts = append(t.facts, fact)
	}
}
