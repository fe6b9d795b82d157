package switchboard

import (
	"time"

	"holdfast/call"
)

// This file handles requests that come in on lines, such as a desk phone's transfer key. A
// request among the facts of a leg is treated as one that Switchboard.Request takes: the
// same policy, pace and core. The leg gets the outcome in the same transition, so that its
// answer is recorded with the decision.

// Granted reports to a leg that the request among its facts has been granted.
type Granted struct{}

// Refused reports to a leg that the request among its facts has not been granted. Err is
// an error that Switchboard.Request may return.
type Refused struct{ Err error }

// Trace implements Incoming: an outcome is not a message.
func (Granted) Trace() string { return "" }

// Trace implements Incoming: an outcome is not a message.
func (Refused) Trace() string { return "" }

// askedWithin is how long a request on a line may wait for the journal. By then a phone
// has given its request up (RFC 3261 §17.1.2.2), and its user has gone on.
const askedWithin = 32 * time.Second

// ask takes in a request that a leg has made of a message.
func (t *transition) ask(in *input, ev call.Event) {
	ev = t.desk.board.canonical(ev)
	err := t.admits(in, ev)
	if err == nil {
		err = t.request(in, ev)
	}
	var outcome Incoming = Granted{}
	if err != nil {
		outcome = Refused{err}
	}
	t.follow(in.connection, nil, t.legs[in.connection].Receive(t.now, outcome))
}

// admits returns why a request on a line has to wait for better times.
func (t *transition) admits(in *input, ev call.Event) error {
	switch {
	case !in.at.IsZero() && t.now.Sub(in.at) > askedWithin:
		return ErrUnavailable
	case IsWork(ev) && !in.granted:
		return t.desk.board.AdmitsWork()
	}
	return nil
}
