package switchboard

import (
	"reflect"
	"time"

	"holdfast/call"
)

// How often a contact may be changed by requests: each change is written down.
// People are far slower; a program that is broken or hostile must not take the
// time that other calls need.
const (
	requestEvery = 50 * time.Millisecond // in the long run
	requestBurst = 200                   // at once
)

// TooManyRequests is the code of a request that comes too soon after many others.
// The comment beside it is a row of docs/REFUSALS.md.
const TooManyRequests call.Code = "too-many-requests" // the contact has been changed by 200 requests at once, or by 20 a second

// paced refuses a request that would change the contact if there have been too many
// lately. One that the core refuses, or that asks for the present state, costs
// nothing. Messages on lines are never refused.
func (t *transition) paced(in *input, ev call.Event) error {
	if in.granted {
		return nil
	}
	c, commands, err := call.Step(t.contact, t.now, ev)
	if err != nil {
		return err
	}
	if len(commands) == 0 && reflect.DeepEqual(c, t.contact) {
		return nil
	}
	if !t.desk.requests.AllowN(t.now, 1) {
		return refuse(TooManyRequests, "there have been too many requests for this contact; try again in a second")
	}
	in.granted = true
	return nil
}

func refuse(code call.Code, text string) error { return &call.Refusal{Code: code, Text: text} }
