package sipleg

import (
	"errors"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// This file turns the transfer key of a desk phone (REFER) into a request, and the progress
// of the transfer into notifications for the phone.

// A referral is a REFER that was granted.
type referral struct {
	CSeq     uint32 `json:"cseq"`
	Transfer string `json:"transfer,omitempty"` // the core's id of it, known from its first Report
}

// hangsUpWithin is how soon after a refused or failed transfer a BYE comes from the phone
// itself and not from the agent: baresip 1.0 ends the call at once, within 10 ms. That BYE
// is not a goodbye to the customer, so the line counts as lost.
const hangsUpWithin = 2 * time.Second

// referred takes a REFER. It becomes a request, whose outcome follows at once.
func (t *step) referred(ev sipua.Referred) {
	ask, err := t.lines.transfer(t.contact, ev)
	if !t.lines.addresses.Refers(t.source) {
		err = &switchboard.DialError{Reason: call.Denied, Detail: "a call over this trunk is not transferred by REFER"}
	}
	if err != nil {
		t.rejectReferral(err)
		return
	}
	ask.By, t.asks = t.connection, ev.CSeq
	t.emit(ask)
}

// misreferred logs a REFER that was refused before it was understood.
func (t *step) misreferred(ev sipua.Misreferred) {
	if missed, is := t.lines.denials.due(t.now); is {
		t.lines.log.Info("rejecting REFER", "contact", t.contact, "connection", t.connection, "status", ev.Status,
			"error", ev.Why, "unmentioned", missed)
	}
}

// granted accepts the REFER that was granted.
func (t *step) granted() {
	if t.asks == 0 {
		return
	}
	t.referrals = append(slices.Clone(t.referrals), referral{CSeq: t.asks})
	t.asks = 0
	t.run(t.dialog.AcceptReferral(t.now))
}

// rejectReferral refuses the REFER with a sentence that some phones display.
func (t *step) rejectReferral(why error) {
	t.asks, t.refusedAt = 0, t.now
	status, phrase := statusOfRefusal(why)
	t.run(t.dialog.RejectReferral(t.now, status, phrase, plain(sentence(why))))
	if missed, is := t.lines.denials.due(t.now); is {
		t.lines.log.Info("rejecting REFER", "contact", t.contact, "connection", t.connection, "status", status,
			"code", codeOf(why), "error", why, "unmentioned", missed)
	}
}

// report notifies the phone that has asked for a transfer. Transfers are reported in the
// order in which they were granted, so the first Report of a transfer belongs to the oldest
// REFER without one. It may come before the outcome of the request, in the same transition.
func (t *step) report(r call.Report) {
	t.granted()
	i := slices.IndexFunc(t.referrals, func(f referral) bool { return f.Transfer == r.Transfer })
	if i < 0 {
		i = slices.IndexFunc(t.referrals, func(f referral) bool { return f.Transfer == "" })
	}
	if i < 0 {
		return
	}
	status, phrase, final := progressOf(r)
	t.referrals = slices.Clone(t.referrals)
	t.referrals[i].Transfer = r.Transfer
	t.run(t.dialog.Report(t.now, t.referrals[i].CSeq, status, phrase, final))
	if status >= 300 {
		t.refusedAt = t.now
	}
	if final {
		t.referrals = slices.Delete(t.referrals, i, i+1)
	}
}

// errNoSuchCall means that a Replaces names none of our lines, or a line of the contact in
// which the REFER came.
var errNoSuchCall = errors.New("the call with the target is not known here")

// transfer returns the request that a REFER makes in a contact; its By is left to the
// caller. With Replaces, the desk looks up the target: it is the party of the named call,
// whatever address Refer-To has.
func (l *Legs) transfer(contact call.ContactID, ev sipua.Referred) (call.TransferRequested, error) {
	ask := call.TransferRequested{Kind: call.Cold, Reported: true, Manner: call.Manner{Resume: true}}
	if ev.Replaces != nil {
		named := l.named(*ev.Replaces)
		if named == nil || named.contact == contact {
			return ask, errNoSuchCall
		}
		ask.Consulted = call.Place{Contact: named.contact, Connection: named.connection}
		return ask, nil
	}
	written, err := l.meant(ev.To, ev.By)
	if err != nil {
		return ask, err
	}
	ask.Target, err = l.addresses.Endpoint(written)
	return ask, err
}

// named returns the leg whose dialog a Replaces header of its peer names (RFC 3891 §3), or
// nil. Only our own dialogs count, and both tags must match.
func (l *Legs) named(r sipua.Replaces) *anchor {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.legs[r.CallID] {
		if theirs := a.theirs.Load(); theirs != nil && *theirs == r.FromTag && a.identity.Tag == r.ToTag && !a.refused.Load() {
			return a
		}
	}
	return nil
}

// rings takes note of the peer's tag while it rings: by that, its agent can pick the call
// up with another phone.
func (a *anchor) rings(m sip.Message) {
	res, is := m.(*sip.Response)
	if !is || a.role != caller || !res.IsProvisional() {
		return
	}
	if tag := tagIn(res.To().Params); tag != "" {
		a.theirs.CompareAndSwap(nil, &tag)
	}
}

// meets keeps the peer's tag when a message confirms the dialog.
func (a *anchor) meets(m sipua.Message) {
	if m.Kind == sipua.FirstACK {
		tag := tagIn(m.SIP.To().Params)
		a.theirs.Store(&tag)
	}
}

// statusOfRefusal returns the status of the response to a REFER that is not granted.
func statusOfRefusal(why error) (status int, phrase string) {
	if errors.Is(why, errNoSuchCall) {
		return 481, "Call/Transaction Does Not Exist"
	}
	if r, ok := errors.AsType[*call.Refusal](why); ok {
		return statusOfCode(r.Code)
	}
	if errors.Is(why, switchboard.ErrUnavailable) || errors.Is(why, switchboard.ErrClosed) || errors.Is(why, switchboard.ErrBroken) {
		return 503, "Service Unavailable"
	}
	return statusOf(why)
}

// statusOfCode returns the status for a refusal of the core.
func statusOfCode(code call.Code) (status int, phrase string) {
	switch code {
	case call.NotAnAgent, call.TooManyHandOvers, call.TooManyTargets, call.TooManyTransfers, call.TooManyAttempts:
		return 403, "Forbidden"
	case call.TransferUnderWay, call.ConsultationUnderWay, call.TargetHasAnswered:
		return 491, "Request Pending"
	case call.NotInContact, call.NotBegun, call.NoAgent, switchboard.CallHasEnded:
		return 481, "Call/Transaction Does Not Exist"
	case call.TransferToSelf, call.TransferToCustomer:
		return 486, "Busy Here"
	case switchboard.TooManyRequests:
		return 503, "Service Unavailable"
	default:
		return 603, "Decline"
	}
}

// codeOf names a refusal for the log.
func codeOf(why error) string {
	if r, ok := errors.AsType[*call.Refusal](why); ok {
		return string(r.Code)
	}
	if d, ok := errors.AsType[*switchboard.DialError](why); ok {
		return string(d.Reason)
	}
	return ""
}

// progressOf returns the status to notify a phone of.
func progressOf(r call.Report) (status int, phrase string, final bool) {
	switch r.Progress {
	case call.TargetRings:
		return 180, "Ringing", false
	case call.TransferComplete:
		return 200, "OK", true
	case call.TransferIsOver:
	}
	if c := causeFor(r.Reason); c.sip >= 300 {
		return c.sip, c.text, true
	}
	return 487, "The transfer has ended", true
}
