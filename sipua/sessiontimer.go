package sipua

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	timerTag       = "timer"
	statusTooBrief = 422
	leastInterval  = 90 * time.Second // RFC 4028 §4
)

// A sessionTimer holds the agreement of both sides of a dialog about refreshes (RFC
// 4028), and the peer's abilities for that. Its intervals are in seconds, as in SIP.
//
// A successor knows the agreement, but not the time of the last refresh: as the refresher
// it refreshes soon, and otherwise it waits as long as after a refresh.
type sessionTimer struct {
	Interval int  `json:"interval,omitempty"` // 0: the session does not expire
	Ours     bool `json:"ours,omitempty"`     // we are the refresher
	Least    int  `json:"least,omitempty"`    // the longest Min-SE that the peer has sent
	Updates  bool `json:"updates,omitempty"`  // the peer allows UPDATE

	at time.Time // when we refresh, or when the peer's refresh is too late
}

// RefreshDue asks the user to call Invite with the description that we sent last: the
// session must be refreshed, and the peer does not allow UPDATE.
type RefreshDue struct{}

func (RefreshDue) isEvent() {}

// agreed is s as it is written down.
func (s sessionTimer) agreed() sessionTimer {
	s.at = time.Time{}
	return s
}

func (s sessionTimer) interval() time.Duration { return time.Duration(s.Interval) * time.Second }

// patience is how long we wait for the peer's refresh (RFC 4028 §10).
func (s sessionTimer) patience() time.Duration {
	return s.interval() - min(timeoutB, s.interval()/3)
}

// begin begins the interval anew.
func (s *sessionTimer) begin(now time.Time) {
	switch {
	case s.Interval == 0:
		s.at = time.Time{}
	case s.Ours:
		s.at = now.Add(s.interval() / 2)
	default:
		s.at = now.Add(s.patience())
	}
}

// sessionDeadline is when the session wants a tick; zero: never.
func (d *Dialog) sessionDeadline() time.Time {
	if !d.Established() {
		return time.Time{}
	}
	return d.session.at
}

// tickSession refreshes the session, or ends it when the peer has not refreshed it. While
// our INVITE is unanswered, its outcome decides.
func (t *step) tickSession() {
	if !passed(t.now, t.sessionDeadline()) {
		return
	}
	s := &t.session
	switch {
	case s.Ours:
		s.at = t.now.Add(s.interval() / 8) // in case that this refresh comes to nothing
		t.refresh()
	case t.ourInvite():
		s.at = t.now.Add(t2)
	default:
		t.lose(fmt.Sprintf("the peer has not refreshed the session within %s", s.patience()), true)
	}
}

// refresh sends UPDATE or asks the user for a re-INVITE. An INVITE of either side that is
// under way refreshes the session as well.
func (t *step) refresh() {
	switch {
	case t.ourInvite() || t.theirInvite() || t.waiting != nil || t.asking(sip.UPDATE):
	case t.session.Updates:
		t.update(Refresh)
	default:
		t.emit(RefreshDue{})
	}
}

// update sends UPDATE, without an offer.
func (t *step) update(kind Kind) {
	to := t.peer.nextHop(t.local)
	if !to.IsValid() {
		return
	}
	cseq := t.nextCSeq()
	req := t.request(sip.UPDATE, t.peer, cseq, t.branch(sip.UPDATE, cseq, t.peer.Tag))
	req.AppendHeader(t.local.contact(to.Transport))
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	t.askSession(req)
	t.identify(req)
	t.authorize(req, to)
	req.SetBody(nil)
	t.transact(kind, req, t.fit(req, to))
}

// updateAnswered takes the final response to our UPDATE. A peer that does not take UPDATE
// gets a re-INVITE. One that refuses the refresh for another reason is still there: it
// is asked again later, and may end the call.
func (t *step) updateAnswered(tx requestTx, m Received, res *sip.Response) {
	switch status := res.StatusCode; {
	case status < 300:
		t.peer = t.peer.refresh(res, hopOf(m))
		t.sessionAgreed(res)
	case t.challenged(res, tx.sending), t.lengthened(res, tx.sending):
		shows := t.introduces(tx)
		t.transact(Refresh, t.again(tx.request, t.nextCSeq(), tx.to), tx.to)
		t.requests[len(t.requests)-1].begun = tx.begun
		if shows {
			t.shown.sent = uint32(t.epoch)<<16 | t.Dialog.sent
		}
	case t.introduces(tx):
		t.introduced(tx, res)
	case status == sip.StatusRequestPending:
		pause, _ := t.retryAfter(inviteTx{sending: tx.sending}, res)
		t.session.at = t.now.Add(pause)
	case status < 500 || status == sip.StatusNotImplemented:
		t.session.Updates = false
		t.emit(RefreshDue{})
	}
}

// askSession gives our INVITE or UPDATE the interval that we propose, or the one that was
// agreed and who refreshes then (RFC 4028 §7.1, §7.4).
func (t *step) askSession(req *sip.Request) {
	s := t.session
	interval := s.Interval
	if interval == 0 {
		interval = int(t.local.SessionExpires / time.Second)
	}
	if interval == 0 || req.Method != sip.INVITE && req.Method != sip.UPDATE {
		return
	}
	value := strconv.Itoa(max(interval, s.Least))
	switch {
	case s.Interval == 0:
	case s.Ours:
		value += ";refresher=uac"
	default:
		value += ";refresher=uas"
	}
	if !slices.Contains(listed(req, "Supported"), timerTag) {
		req.AppendHeader(sip.NewHeader("Supported", timerTag))
	}
	req.RemoveHeader("Session-Expires")
	req.RemoveHeader("Min-SE")
	req.AppendHeader(sip.NewHeader("Session-Expires", value))
	if s.Least > 0 {
		req.AppendHeader(sip.NewHeader("Min-SE", strconv.Itoa(s.Least)))
	}
}

// sessionAgreed takes the session timer in a 2xx to our INVITE or UPDATE (RFC 4028 §7.2).
// If it does not name the refresher, we are. A shorter interval than the peer may answer
// with counts as the shortest: it would have us send all the time, or end the call.
func (t *step) sessionAgreed(res *sip.Response) {
	interval, refresher := sessionExpires(res)
	if interval > 0 {
		interval = max(interval, t.local.leastSession())
	}
	t.session.Interval, t.session.Ours = interval, interval > 0 && refresher != "uas"
	t.allows(res)
	t.session.begin(t.now)
}

// lengthened reports whether our request was refused because of its interval, and can go
// again with a longer one (RFC 4028 §7.3).
func (t *step) lengthened(res *sip.Response, s sending) bool {
	asked, _ := sessionExpires(s.request)
	least := seconds(headerValue(res, "Min-SE"))
	if res.StatusCode != statusTooBrief || asked == 0 || least <= asked ||
		s.request.CSeq().SeqNo-s.begun >= maxAnswers {
		return false
	}
	t.session.Least = max(t.session.Least, least)
	return true
}

// tooBrief reports whether a request wants a shorter interval than we take. A sender who
// does not know 422 is not refused with it.
func (t *step) tooBrief(req *sip.Request) bool {
	interval, _ := sessionExpires(req)
	return interval > 0 && interval < t.local.leastSession() && supportsTimer(req)
}

// leastSession is the shortest interval that we take, in seconds.
func (l Local) leastSession() int {
	least := leastInterval
	if l.SessionExpires > 0 {
		least = min(least, l.SessionExpires)
	}
	return int(least / time.Second)
}

func (l Local) minSE() sip.Header { return sip.NewHeader("Min-SE", strconv.Itoa(l.leastSession())) }

// answerSession returns the headers by which our 2xx answers the session timer in an
// INVITE or UPDATE (RFC 4028 §9), and whether that changes the agreement.
func (t *step) answerSession(req *sip.Request) (headers []sip.Header, changed bool) {
	s, before := &t.session, t.session.agreed()
	supports := supportsTimer(req)
	interval, refresher := sessionExpires(req)
	s.Least = max(s.Least, seconds(headerValue(req, "Min-SE")))
	switch ours := int(t.local.SessionExpires / time.Second); {
	case interval == 0 && !supports:
	case interval == 0 && ours > 0:
		interval = max(ours, s.Least)
	case interval > ours && ours > 0:
		interval = min(interval, max(ours, s.Least))
	case interval < t.local.leastSession(): // and its sender would not know 422
		interval = 0
	}
	keep := s.Interval == 0 || s.Ours
	s.Interval, s.Ours = interval, interval > 0 && (!supports || refresher == "uas" || refresher == "" && keep)
	t.allows(req)
	s.begin(t.now)
	if interval > 0 {
		headers = s.headers(supports)
	}
	return headers, s.agreed() != before
}

// headers are those of our 2xx.
func (s sessionTimer) headers(supports bool) []sip.Header {
	by := "uac"
	if s.Ours {
		by = "uas"
	}
	headers := []sip.Header{sip.NewHeader("Session-Expires", fmt.Sprintf("%d;refresher=%s", s.Interval, by))}
	if supports {
		headers = append(headers, sip.NewHeader("Require", timerTag))
	}
	return headers
}

// allows takes note of whether the peer allows UPDATE.
func (t *step) allows(msg sip.Message) {
	if methods := listed(msg, "Allow"); len(methods) > 0 {
		t.session.Updates = slices.Contains(methods, "update")
	}
	t.supportsFromChange(msg)
}

// sessionExpires returns the session timer in a message, in seconds; 0: it has none.
func sessionExpires(msg sip.Message) (interval int, refresher string) {
	value := headerValue(msg, "Session-Expires")
	if value == "" {
		value = headerValue(msg, "x")
	}
	interval = seconds(value)
	for param := range strings.SplitSeq(strings.ToLower(value), ";") {
		if name, by, _ := strings.Cut(param, "="); strings.TrimSpace(name) == "refresher" {
			refresher = strings.TrimSpace(by)
		}
	}
	return interval, refresher
}

// seconds reads the number with which a header begins; 0: there is none.
func seconds(value string) int {
	number, _, _ := strings.Cut(value, ";")
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
	if err != nil {
		return 0
	}
	return int(min(n, math.MaxInt32))
}

func supportsTimer(req *sip.Request) bool {
	return slices.Contains(listed(req, "Supported"), timerTag) || slices.Contains(listed(req, "k"), timerTag) ||
		slices.Contains(listed(req, "Require"), timerTag)
}

// listed are the words of a header that is a list, in lower case.
func listed(msg sip.Message, name string) []string {
	var words []string
	for _, h := range msg.GetHeaders(name) {
		for word := range strings.SplitSeq(strings.ToLower(h.Value()), ",") {
			if word = strings.TrimSpace(word); word != "" {
				words = append(words, word)
			}
		}
	}
	return words
}
