package sipua

import (
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"
)

// maxRetries bounds the tries of one re-INVITE, after 491 and 500, and of one UPDATE that
// shows an identity, after 491.
const maxRetries = 10

// inviteWaiting sends the re-INVITE that waits, if nothing is in its way.
func (t *step) inviteWaiting() {
	if t.waiting == nil || t.stage != established || t.hangUp || !t.retryAt.IsZero() ||
		t.ourInvite() || t.theirInvite() {
		return
	}
	offer := t.waiting
	t.waiting = nil
	t.invite(offer)
}

// reinviteRejected retries a re-INVITE that came at a wrong moment; otherwise
// the session is as it was (RFC 3261 §14.1).
func (t *step) reinviteRejected(tx inviteTx, res *sip.Response, text string) {
	pause, untimely := t.retryAfter(tx, res)
	if !untimely || t.retries == maxRetries {
		t.retries = 0
		t.emit(Rejected{Status: res.StatusCode, Text: text})
		t.inviteWaiting()
		return
	}
	t.retries++
	t.retryAt = t.now.Add(pause)
	if t.waiting == nil {
		t.waiting = tx.request.Body()
	}
}

// retryAfter is how long a re-INVITE that met another waits. A peer sends 500
// while its own INVITE is unanswered (§14.2), or to a CSeq below that of an
// earlier owner.
func (t *step) retryAfter(tx inviteTx, res *sip.Response) (time.Duration, bool) {
	chance := t.chance("retry", tx.request.CSeq().SeqNo)
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(chance*float64(most-least))
	}
	switch res.StatusCode {
	case sip.StatusRequestPending:
		if t.caller {
			return between(2100*time.Millisecond, t2), true
		}
		return between(0, 2*time.Second), true
	case sip.StatusInternalServerError:
		if h := res.GetHeader("Retry-After"); h != nil {
			if s, err := strconv.Atoi(h.Value()); err == nil && s >= 0 && s <= 10 {
				return time.Duration(s) * time.Second, true
			}
		}
		return between(50*time.Millisecond, 150*time.Millisecond), true
	}
	return 0, false
}
