package switchboard

import (
	"slices"

	"holdfast/call"
)

// This file sets the audio of a transition before its entry is written. A disk
// that stalls then delays messages, but no party's audio. A crash leaves nothing
// of it, and the successor derives all audio from the recorded contact.

// precede sets the audio of a transition before its entry is written, if the core
// lets it and the contact is ours. A frozen contact keeps its recorded audio: its
// entries are likely to fail again, and people would hear each other on and off.
//
// If customer and target are to be joined, and are in two-way audio now, that is
// a part of the same transition: the agent is out of the audio at once, and is
// released when the entry has landed.
func (t *transition) precede() {
	d := t.desk
	if d.frozen || !d.owned && !d.board.options.Journal.Exclusive() || slices.ContainsFunc(t.out, waits) {
		return
	}
	mix, may := call.HearsAhead(d.heard(), t.contact, t.events)
	if !may {
		return
	}
	t.ahead = true
	joined := t.hear(mix)
	if t.contact.Stage != call.Joining {
		return
	}
	t.take(&input{event: call.Joined{Connections: joined}})
	t.finish()
	mix, _ = call.HearsAhead(d.heard(), t.contact, t.events)
	t.hear(mix)
}

// hear sets the audio as the transition has it, and returns the parties in it.
func (t *transition) hear(mix call.Mix) []call.ConnectionID {
	for _, m := range t.out {
		if s, is := m.Outgoing.(Setting); is {
			s.Precede()
		}
	}
	return slices.Clone(t.desk.room.Set(mix))
}

// waits: a setting that goes with a message, such as our answer to a caller.
func waits(m message) bool {
	_, is := m.Outgoing.(Setting)
	return is && m.Class() != Local
}

// takeBack sets the contact's recorded audio.
func (t *transition) takeBack() {
	for _, m := range slices.Backward(t.out) {
		if s, is := m.Outgoing.(Setting); is {
			s.Undo()
		}
	}
	t.desk.room.Set(t.desk.heard())
}

// heard is the audio of the contact as it is recorded. Recordings outlive the
// process: the owner of the contact alone makes them.
func (d *desk) heard() call.Mix {
	mix := call.Hears(d.contact)
	for i := range mix {
		mix[i].Recorded = mix[i].Recorded && d.owned
	}
	return mix
}
