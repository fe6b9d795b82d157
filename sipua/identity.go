package sipua

import (
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"
)

// fromChange is the option tag of a peer whose display follows From (RFC 4916 §4.4).
const fromChange = "from-change"

// An identity is who the peer is connected to, where that is another than who it called or
// who called it.
type identity struct {
	Asserted   string `json:"asserted,omitempty"`   // of P-Asserted-Identity (RFC 3325); empty: nothing was shown
	FromChange bool   `json:"fromChange,omitempty"` // the peer supports from-change

	sent  uint32    // the CSeq of an UPDATE that shows it, while that has no answer
	again time.Time // when to show it once more; zero: not
	tries int       // how often a 491 has answered it
}

// written is i as it is written down: a successor shows it in its re-INVITE.
func (i identity) written() identity { return identity{Asserted: i.Asserted, FromChange: i.FromChange} }

// Introduce shows the peer of an established dialog who it is connected to now: by UPDATE
// if the peer allows that, and else RefreshDue asks the user for a re-INVITE. All later
// requests that a phone may show have the same. From changes only if the peer supports it.
// An identity that the peer already has is not sent again.
func (d *Dialog) Introduce(now time.Time, name string, uri sip.Uri) Step {
	t := d.step(now)
	who := nameAddr{quotable(name), uri}
	known := t.self.String() == who.String()
	if !t.caller {
		known = t.self.URI.User == uri.User // the party that the peer called, however it wrote the host
	}
	known = known && t.shown.Asserted == ""
	if !t.Established() || known || t.shown.Asserted == who.String() {
		return t.step()
	}
	t.shown.Asserted, t.shown.tries = who.String(), 0
	if t.shown.FromChange {
		t.self = who
	}
	t.show()
	return t.step()
}

// show sends the identity. If an UPDATE is under way already, it waits for that.
func (t *step) show() {
	t.shown.again = time.Time{}
	switch {
	case !t.session.Updates:
		t.emit(RefreshDue{})
	case t.asking(sip.UPDATE):
		t.shown.again = t.now.Add(t1)
	default:
		t.update(Introduction)
		t.shown.sent = uint32(t.epoch)<<16 | t.Dialog.sent
	}
}

// identify adds the identity that was shown to a request in the dialog.
func (t *step) identify(req *sip.Request) {
	if t.shown.Asserted != "" {
		req.AppendHeader(sip.NewHeader("P-Asserted-Identity", t.shown.Asserted))
	}
}

// introduces reports whether our request was sent to show an identity.
func (t *step) introduces(tx requestTx) bool {
	return t.shown.sent != 0 && tx.request.CSeq().SeqNo == t.shown.sent
}

// introduced takes the refusal of an UPDATE which shows an identity. Only a peer that does
// not take UPDATE gets a re-INVITE: no call is put at risk for the name that a phone
// shows.
func (t *step) introduced(tx requestTx, res *sip.Response) {
	t.shown.sent = 0
	switch res.StatusCode {
	case sip.StatusRequestPending:
		if t.shown.tries < maxRetries {
			pause, _ := t.retryAfter(inviteTx{sending: tx.sending}, res)
			t.shown.again = t.now.Add(pause)
			t.shown.tries++
		}
	case sip.StatusMethodNotAllowed, sip.StatusNotImplemented:
		t.session.Updates = false
		t.emit(RefreshDue{})
	}
}

// unheard takes that an UPDATE which shows an identity has had no answer. Whether the peer
// is there at all is found out in another way.
func (t *step) unheard() {
	t.shown.sent, t.session.Updates = 0, false
	if to := t.peer.nextHop(t.local); t.Established() && to.IsValid() && !t.asking(sip.OPTIONS) {
		t.ask(to)
	}
}

// tickIdentity shows an identity that could not be shown before.
func (t *step) tickIdentity() {
	switch {
	case !t.Established():
		t.shown.again = time.Time{}
	case passed(t.now, t.shown.again):
		t.show()
	}
}

// supportsFromChange takes note of whether the peer supports from-change.
func (t *step) supportsFromChange(msg sip.Message) {
	if slices.Contains(listed(msg, "Supported"), fromChange) || slices.Contains(listed(msg, "k"), fromChange) {
		t.shown.FromChange = true
	}
}
