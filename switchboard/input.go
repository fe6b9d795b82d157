package switchboard

import (
	"time"

	"holdfast/call"
)

// An input is one thing that enters a desk: a message on a line, an event, or
// a request with a waiter for its answer.
type input struct {
	connection call.ConnectionID // whose line the message came in on
	message    Incoming          // nil for an event
	event      call.Event
	waiter     *waiter   // nil unless a person asks
	granted    bool      // the request has had its turn
	at         time.Time // when it came in

	replaces *Replacement
	line     *handed           // a line comes from another contact
	leg      Leg               // of that line, here; nil if it could not be restored
	err      error             // why it could not be
	kept     call.ConnectionID // the taker of this line, which was given, has written it down
	missed   *missed           // a line that was asked for does not come

	answered bool // the exempt answers to the message have been sent
}

// A waiter waits for the answer to a request.
type waiter struct {
	gone   <-chan struct{} // closed when they wait no longer
	answer chan answer     // takes one answer without blocking
}

type answer struct {
	contact call.Contact
	err     error
}
