package switchboard

import (
	"time"

	"holdfast/call"
)

// A Leg is one party's line into a contact: a SIP dialog or a browser's
// WebRTC session. It decides nothing, starts no goroutine and sends nothing
// itself: Receive and Plan are pure, and the desk sends what they return once it
// is recorded; only a Local setting of its audio may come first. A Leg value never
// changes; a Plan holds its successor.
//
// Only the desk that owns a leg uses it.
type Leg interface {
	// Receive takes an input from the line: a message, a Tick when Deadline has
	// come, Resumed once after Legs.Restore, or the outcome of a request (Granted,
	// Refused).
	Receive(now time.Time, in Incoming) Plan
	// Plan works out the messages for a command to this connection. A command that
	// no longer applies plans nothing.
	Plan(now time.Time, c call.Command) Plan
	// Deadline is when the leg wants a Tick: retransmissions, time limits.
	// Zero means never.
	Deadline() time.Time
	// Kind names the kind of line, such as "sip". It is written down beside
	// Memory, and identifies the memory to Legs.Restore.
	Kind() string
	// Memory is everything from which Legs.Restore can rebuild the leg in
	// another process; opaque to everyone else, JSON. Two legs with equal
	// memory need not be recorded twice: anything else, such as a count of
	// retransmissions, may be lost.
	Memory() []byte
	// Gone reports that the line has ended and no late message is expected.
	Gone() bool
	// Close gives back the leg's resources in this process, such as its port. It
	// sends nothing. The desk closes a leg that is gone, one whose opening was
	// never recorded, and all of a contact it no longer owns.
	Close()
}

// A Plan is a leg's reaction to an input.
type Plan struct {
	Leg   Leg          // the leg afterwards, never nil
	Facts []call.Event // for the contact, in order; a call.Request of a message gets Granted or Refused
	Out   []Outgoing   // in order
}

// Incoming is something that came in on a line. Edges declare their own;
// the switchboard's are Tick, Resumed, Granted and Refused.
type Incoming interface {
	// Trace is the message as one line for the record, such as
	// "<- 486 Busy Here (INVITE)"; empty if it is not a message.
	Trace() string
}

// A Beginning is the first Incoming of a contact whose caller can still be turned away
// while nothing of the contact is written down: when its turn does not come in time.
type Beginning interface {
	Incoming
	// TurnAway asks the caller to try again later, and makes sure that the
	// caller's repetitions begin no other contact. The leg is closed after that.
	TurnAway()
}

// Tick reports to a leg that its Deadline has come.
type Tick struct{}

// Resumed reports to a restored leg that it lives again, now in the epoch given to
// Legs.Restore: it renegotiates, repeats messages that may not have been sent, and
// makes final the audio that Restore gave it.
type Resumed struct{}

// Trace implements Incoming: a tick is not a message.
func (Tick) Trace() string { return "" }

// Trace implements Incoming: resuming is not a message.
func (Resumed) Trace() string { return "" }

// Outgoing is one thing that a leg wants done on its line: a message to be
// sent, or a setting of its audio. Send does it, at once and without blocking
// on the far end; its error is logged, the leg's own timers deal with loss.
type Outgoing interface {
	Class() Class
	// Trace is the message as one line for the record; empty for a setting.
	Trace() string
	Send() error
}

// A Class is when a message may go out.
type Class int

const (
	// Journaled: only after the journal has it.
	Journaled Class = iota
	// Exempt: at once. A successor does not have to know that it was sent.
	Exempt
	// Ending is Journaled while the journal works. When it does not, an ending may
	// still go out once the customer has left (P6).
	Ending
	// Local changes only the audio of this process, of which a crash leaves
	// nothing: it may come ahead of its entry. It is a Setting.
	Local
)

// A Setting is an Outgoing that gives a leg its audio. One of class Journaled
// waits for its entry, and so does all audio that is planned with it. Send makes
// it final, and begins parts that outlive the process, such as a recording.
type Setting interface {
	Outgoing
	// Precede gives the leg its audio before the entry is written.
	Precede()
	// Undo takes back Precede. Settings are undone in reverse order.
	Undo()
}

// Legs makes legs. Its methods may open sockets, but send nothing.
type Legs interface {
	// Dial opens a leg for a party to be rung. The desk then gives it the same
	// command to plan. An error is a *DialError.
	Dial(id call.ContactID, epoch uint16, d call.Dial) (Leg, error)
	// Restore rebuilds a leg from its memory in a new epoch, with the audio
	// it had, which is heard once the room is set. A kind that it does not
	// know is an error that names it.
	Restore(id call.ContactID, connection call.ConnectionID, epoch uint16, m LegMemory) (Leg, error)
}

// A DialError is why a party cannot even be dialled; it becomes the fact that the
// attempt has failed.
type DialError struct {
	Reason call.Reason
	Detail string
}

func (e *DialError) Error() string { return string(e.Reason) + ": " + e.Detail }

// Rooms makes rooms.
type Rooms interface {
	// Room returns the contact's room, making it if need be. Legs of the
	// contact find the same room under the contact's id.
	Room(id call.ContactID) Room
}

// A Room is where the audio of one contact is made.
type Room interface {
	// Set makes all parties hear each other as in audio. It is idempotent. It
	// returns the connections that are in the room now with audio agreed in both
	// directions, in order.
	Set(audio call.Mix) []call.ConnectionID
	// Close ends all audio of the contact.
	Close()
}
