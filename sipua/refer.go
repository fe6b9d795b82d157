package sipua

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Referred: the peer wants us to have To called (REFER, RFC 3515). It waits for
// AcceptReferral or RejectReferral, which must follow before the dialog's Memory is
// written down. To is a tel: URI, or a sip: URI with user, host, port and transport alone.
type Referred struct {
	CSeq     uint32 // by which Report knows it
	To       sip.Uri
	Replaces *Replaces // the call that the peer has with To; nil: none
	By       sip.Uri   // the address that the peer has for itself
}

// Misreferred: a REFER was refused because its Refer-To cannot be read, or asks for
// something other than a call.
type Misreferred struct {
	Status int
	Why    string
}

func (Referred) isEvent()    {}
func (Misreferred) isEvent() {}

// transfers are the REFERs of a dialog, in both directions.
type transfers struct {
	took          uint32 // CSeq of the peer's last REFER that was accepted
	subscriptions []subscription
	referrals     []referral // ours
}

func (t transfers) clone() transfers {
	return transfers{t.took, slices.Clone(t.subscriptions), slices.Clone(t.referrals)}
}

// open reports whether NOTIFYs are to be sent or expected.
func (t transfers) open() bool { return len(t.subscriptions)+len(t.referrals) > 0 }

// expire returns when the first of them expires.
func (t transfers) expire() time.Time {
	var first time.Time
	for _, s := range t.subscriptions {
		first = earliest(first, s.until)
	}
	for _, r := range t.referrals {
		first = earliest(first, r.until)
	}
	return first
}

// AcceptReferral answers the REFER that waits with 202, and notifies its sender that we
// try. The dialog is not Gone before a Report is final and has its answer.
func (d *Dialog) AcceptReferral(now time.Time) Step {
	t := d.step(now)
	t.acceptReferral()
	return t.step()
}

// RejectReferral refuses the REFER that waits with status (300–699). warning is a
// sentence for the sender's display, or empty.
func (d *Dialog) RejectReferral(now time.Time, status int, phrase, warning string) Step {
	t := d.step(now)
	var headers []sip.Header
	if warning != "" {
		headers = append(headers, warningOf(warning))
	}
	t.rejectReferral(status, phrase, headers...)
	return t.step()
}

// warningOf is the header that has the reason for a refusal; some phones display it.
func warningOf(why string) sip.Header {
	return sip.NewHeader("Warning", `399 holdfast "`+quotable(why)+`"`)
}

// Report notifies the sender of a REFER of the status of the call to the target. If the
// NOTIFY before has no answer yet, the next one waits; of several that wait only the last
// is sent. After a final one, or without a subscription, Report does nothing.
func (d *Dialog) Report(now time.Time, referral uint32, status int, phrase string, final bool) Step {
	t := d.step(now)
	r := report{Status: status, Phrase: phrase}
	if final {
		r.End = noResource
	}
	t.report(referral, r)
	return t.step()
}

// referred takes a REFER. If the process dies before it is answered, a successor does not
// know of it, and asks its sender to try again.
func (t *step) referred(req *sip.Request, i int) {
	refuse := func(status int, reason string) { t.reply(i, ErrorResponse, status, reason, nil) }
	reference, problem := referenceOf(req)
	switch {
	case t.hangUp:
		refuse(sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist")
	case t.stage != established:
		refuse(sip.StatusForbidden, "Forbidden before the call is answered")
	case problem != nil:
		why := fmt.Sprintf("%.200s", problem.Error())
		t.reply(i, ErrorResponse, problem.Status, problem.Reason, nil, warningOf(why))
		t.emit(Misreferred{Status: problem.Status, Why: why})
	case t.pendingReferral() != i:
		refuse(sip.StatusRequestPending, "Request Pending")
	case len(t.subscriptions) == maxSubscriptions:
		refuse(sip.StatusServiceUnavailable, "Service Unavailable")
	default:
		t.heeded = t.heard
		t.emit(Referred{CSeq: req.CSeq().SeqNo, To: reference.to, Replaces: reference.replaces, By: referrer(req)})
	}
}

// pendingReferral is the place of the first REFER that waits for our answer, or -1.
func (t *step) pendingReferral() int {
	return slices.IndexFunc(t.servers, func(tx serverTx) bool { return tx.request.Method == sip.REFER && tx.response == nil })
}

// acceptReferral answers the pending REFER and begins a subscription, unless the sender
// asks for none (RFC 4488).
func (t *step) acceptReferral() {
	i := t.pendingReferral()
	if i < 0 {
		return
	}
	req := t.servers[i].request
	t.peer, t.took = t.peer.refresh(req, t.peer.Source), req.CSeq().SeqNo
	if strings.EqualFold(headerValue(req, "Refer-Sub"), "false") {
		t.reply(i, ReferralAnswer, sip.StatusAccepted, "Accepted", nil, t.contactFor(i), sip.NewHeader("Refer-Sub", "false"))
		return
	}
	t.reply(i, ReferralAnswer, sip.StatusAccepted, "Accepted", nil, t.contactFor(i))
	t.subscriptions = append(t.subscriptions, subscription{ID: t.took, until: t.now.Add(subscribedFor)})
	t.report(t.took, report{Status: sip.StatusTrying, Phrase: "Trying"})
}

func (t *step) rejectReferral(status int, phrase string, headers ...sip.Header) {
	if i := t.pendingReferral(); i >= 0 {
		t.reply(i, ErrorResponse, status, phrase, nil, headers...)
	}
}
