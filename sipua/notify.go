package sipua

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	// subscribedFor is the time after which a subscription expires that the peer has not
	// refreshed. A transfer is over long before.
	subscribedFor = time.Hour
	// maxSubscriptions bounds the subscriptions of a dialog.
	maxSubscriptions = 16

	referEvent = "refer"
)

// A subscription notifies the peer of the outcome of its REFER (RFC 3515 §2.4.4). It
// outlives the INVITE usage of its dialog (RFC 5057).
type subscription struct {
	ID     uint32 `json:"id"` // CSeq of the REFER
	Latest report `json:"latest"`
	Owed   bool   `json:"owed,omitempty"` // Latest has no answer yet

	sending bool      // a NOTIFY is on its way
	newer   bool      // Latest is newer than that NOTIFY
	until   time.Time // the subscription expires
}

// A report is the content of one NOTIFY.
type report struct {
	Status int    `json:"status"`
	Phrase string `json:"phrase"`
	End    string `json:"end,omitempty"` // why the subscription ends with it (RFC 6665 §4.1.3)
}

// The reasons for which a subscription ends.
const (
	noResource = "noresource" // the REFER has its outcome
	timedOut   = "timeout"    // the subscription has expired, or the peer has ended it
)

func (t *step) subscribed(id uint32) int {
	return slices.IndexFunc(t.subscriptions, func(s subscription) bool { return s.ID == id })
}

// report owes the peer a NOTIFY, in place of one that still waits.
func (t *step) report(id uint32, r report) {
	i := t.subscribed(id)
	if i < 0 || t.subscriptions[i].Latest.End != "" {
		return
	}
	s := &t.subscriptions[i]
	s.Latest, s.Owed, s.newer = r, true, s.sending
	t.notifyWaiting(i)
}

// notifyWaiting sends the NOTIFY that waits, once the one before it has its answer.
func (t *step) notifyWaiting(i int) {
	s := &t.subscriptions[i]
	if !s.Owed || s.sending {
		return
	}
	to := t.peer.nextHop(t.local)
	cseq := t.nextCSeq()
	req := t.request(sip.NOTIFY, t.peer, cseq, t.branch(sip.NOTIFY, cseq, t.peer.Tag))
	req.AppendHeader(t.local.contact(to.Transport))
	req.AppendHeader(sip.NewHeader("Event", fmt.Sprintf("%s;id=%d", referEvent, s.ID)))
	state := fmt.Sprintf("active;expires=%d", max(0, s.until.Sub(t.now)/time.Second))
	if s.Latest.End != "" {
		state = "terminated;reason=" + s.Latest.End
	}
	req.AppendHeader(sip.NewHeader("Subscription-State", state))
	t.authorize(req, to)
	req.AppendHeader(sip.NewHeader("Content-Type", "message/sipfrag;version=2.0"))
	req.SetBody(fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", s.Latest.Status, oneLine(s.Latest.Phrase)))
	s.sending, s.newer = true, false
	t.transact(Notify, req, t.fit(req, to))
	t.requests[len(t.requests)-1].referral = s.ID
}

// notifyAnswered takes the answer to a NOTIFY. A challenge is answered, if we can.
func (t *step) notifyAnswered(tx requestTx, res *sip.Response) {
	if t.subscribed(tx.referral) >= 0 && t.challenged(res, tx.sending) {
		t.transact(Notify, t.again(tx.request, t.nextCSeq(), tx.to), tx.to)
		last := &t.requests[len(t.requests)-1]
		last.begun, last.referral = tx.begun, tx.referral
		return
	}
	t.notified(tx.referral, endsSubscription(res.StatusCode))
}

// endsSubscription reports whether a response to a NOTIFY ends the subscription (RFC 6665
// §4.2.2, RFC 5057 §5.1). The call is another usage, which goes on.
func endsSubscription(status int) bool {
	switch status {
	case 404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604:
		return true
	}
	return false
}

// notified goes on after the answer to a NOTIFY: it sends the one that waits, or removes a
// subscription that has ended.
func (t *step) notified(id uint32, ended bool) {
	i := t.subscribed(id)
	if i < 0 {
		return
	}
	s := &t.subscriptions[i]
	s.Owed, s.sending = s.newer, false
	if ended || !s.Owed && s.Latest.End != "" {
		t.subscriptions = slices.Delete(t.subscriptions, i, i+1)
		return
	}
	t.notifyWaiting(i)
}

// expireSubscriptions ends those that have not been refreshed.
func (t *step) expireSubscriptions() {
	for i, s := range t.subscriptions {
		if passed(t.now, s.until) {
			t.subscriptions[i].until = time.Time{}
			t.report(s.ID, report{s.Latest.Status, s.Latest.Phrase, timedOut})
		}
	}
}

// resumeSubscriptions sends each NOTIFY that has no answer in the memory.
func (t *step) resumeSubscriptions() {
	for i := range t.subscriptions {
		t.subscriptions[i].until = t.now.Add(subscribedFor)
		t.notifyWaiting(i)
	}
}

// subscribe takes a SUBSCRIBE, by which the peer refreshes a subscription or ends it.
func (t *step) subscribe(req *sip.Request, i int) {
	event, id := eventOf(req)
	k := t.subscribed(id)
	if id == 0 && len(t.subscriptions) == 1 {
		k = 0
	}
	switch {
	case event != referEvent:
		t.reply(i, ErrorResponse, 489, "Bad Event", nil, sip.NewHeader("Allow-Events", referEvent))
		return
	case k < 0:
		t.reply(i, ErrorResponse, sip.StatusCallTransactionDoesNotExists, "Subscription Does Not Exist", nil)
		return
	}
	lasts := subscribedFor
	if seconds, err := strconv.ParseUint(headerValue(req, "Expires"), 10, 32); err == nil {
		lasts = min(lasts, time.Duration(seconds)*time.Second)
	}
	t.reply(i, ReferralAnswer, sip.StatusOK, "OK", nil, t.contactFor(i), sip.NewHeader("Expires", fmt.Sprint(int(lasts/time.Second))))
	s := &t.subscriptions[k]
	next := s.Latest
	if lasts == 0 {
		next.End = timedOut
	} else {
		s.until = t.now.Add(lasts)
	}
	t.report(s.ID, next) // each SUBSCRIBE is followed by a NOTIFY (RFC 6665 §4.2.1.2)
}

// eventOf returns the event package in a request, and the CSeq of the REFER in its id;
// 0: it has no id.
func eventOf(req *sip.Request) (event string, id uint32) {
	value := headerValue(req, "Event")
	if value == "" {
		value = headerValue(req, "o")
	}
	event, params, _ := strings.Cut(value, ";")
	for param := range strings.SplitSeq(params, ";") {
		name, number, _ := strings.Cut(param, "=")
		if strings.EqualFold(strings.TrimSpace(name), "id") {
			n, _ := strconv.ParseUint(strings.TrimSpace(number), 10, 32) // no REFER has the number 0
			id = uint32(n)
		}
	}
	return strings.ToLower(strings.TrimSpace(event)), id
}
