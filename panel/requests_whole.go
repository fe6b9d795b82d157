package panel

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"holdfast/call"
)

// This file has the commands of the namespace holdfast.transfer, by which pages that
// use the Amazon Connect SDK ask for whole transfers. The npm package in connect/ calls
// them.

const (
	transferNamespace = "holdfast.transfer"
	transferChanged   = "changed" // the topic; its parameter is a contactId
)

// transferCommands are those of the namespace.
var transferCommands = map[string]func(*ask) (outcome, error){
	"start":    (*ask).startTransfer,
	"get":      (*ask).showTransfer,
	"cancel":   (*ask).cancelTransfer,
	"complete": (*ask).completeTransfer,
}

// longestRing is for how long a target may be asked to ring.
const longestRing = call.Duration(time.Hour)

// startTransfer begins a transfer and returns it. The same key in the same contact is
// the same transfer, also after the agent has left.
func (a *ask) startTransfer() (outcome, error) {
	ev, err := a.wholeTransfer()
	if err != nil {
		return outcome{}, err
	}
	s, err := a.segment(a.ContactID)
	if err != nil {
		same := func(k transferState) bool { return k.ContactID == a.ContactID && k.Key == ev.Key }
		if known, ok := a.transfers.find(same); ok {
			return outcome{data: known}, nil
		}
		return outcome{}, err
	}
	if err := a.permit(append([]call.Endpoint{ev.Target}, ev.Others...)); err != nil {
		return outcome{}, err
	}
	ev.By = s.own.ID
	c, err := a.request(s, ev)
	if err != nil {
		return outcome{}, err
	}
	all := c.Transfers()
	i := slices.IndexFunc(all, func(t call.Transfer) bool { return t.Key == ev.Key })
	if i < 0 { // the contact was over before the answer could be read
		return outcome{}, refuse(contactNotFound, "the contact has ended")
	}
	return outcome{data: transferStateOf(c, all[i], a.ContactID)}, nil
}

// wholeTransfer returns the request without the agent who makes it.
func (a *ask) wholeTransfer() (call.TransferRequested, error) {
	ev := call.TransferRequested{
		Kind: call.Kind(a.Kind), Parallel: a.Parallel, Supersede: a.Supersede, RingFor: a.RingFor, Key: cmp.Or(a.Key, a.key),
		Manner: call.Manner{Confirm: a.Confirm, Whisper: a.Whisper, Resume: a.Resume},
	}
	if len(a.Key) > longestID {
		return ev, refuse(invalidParameter, fmt.Sprintf("the key must have at most %d bytes", longestID))
	}
	if ev.RingFor > longestRing {
		return ev, refuse(invalidParameter, fmt.Sprintf("a target can ring for at most %s", longestRing))
	}
	var targets []call.Endpoint
	for i := range a.To {
		target, err := a.target(&a.To[i])
		if err != nil {
			return ev, err
		}
		targets = append(targets, target)
	}
	if len(targets) == 0 {
		return ev, refuse(badEndpoint, "a target is missing: give a name, a phone number or a sip: address")
	}
	ev.Target, ev.Others = targets[0], targets[1:]
	return ev, nil
}

// knownTransfer returns the transfer that the page names by its transferId, or the
// latest of a contactId.
func (a *ask) knownTransfer() (transferState, error) {
	if known, ok := a.transfers.find(func(k transferState) bool { return k.TransferID == a.TransferID }); ok {
		return known, nil
	}
	if all := a.transfers.present(a.ContactID); a.TransferID == "" && len(all) > 0 {
		return all[0], nil
	}
	return transferState{}, refuse(transferNotFound, "you have asked for no such transfer")
}

// showTransfer returns a transfer that the agent has asked for, also one that has
// ended.
func (a *ask) showTransfer() (outcome, error) {
	known, err := a.knownTransfer()
	return outcome{data: known}, err
}

// cancelTransfer takes a transfer back. Cancelling it again does nothing.
func (a *ask) cancelTransfer() (outcome, error) {
	known, err := a.knownTransfer()
	if err != nil || known.Outcome == call.Cancelled {
		return done, err
	}
	if known.Outcome != "" {
		return outcome{}, &call.Refusal{Code: call.TransferEnded, Text: fmt.Sprintf("the transfer has ended already: %s", known.Outcome)}
	}
	a.ContactID = known.ContactID
	return a.simply(func(s segment) (call.Request, error) {
		return call.CancelRequested{By: s.own.ID, Transfer: known.ID}, nil
	})
}

// completeTransfer gives the customer to the target of a warm transfer that the agent
// is consulting. Completing it again does nothing.
func (a *ask) completeTransfer() (outcome, error) {
	known, err := a.knownTransfer()
	if err != nil || known.Outcome == call.Completed {
		return done, err
	}
	if known.Outcome != "" {
		return outcome{}, &call.Refusal{Code: call.TransferEnded, Text: fmt.Sprintf("the transfer has ended already: %s", known.Outcome)}
	}
	a.ContactID = known.ContactID
	return a.complete()
}
