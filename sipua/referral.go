package sipua

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

type (
	// ReferralAnswered: the final response to our REFER; status 0: no response came.
	ReferralAnswered struct {
		ID     uint32
		Status int
		Text   string
	}
	// Notified: how far the peer has come with our REFER. Over: nothing follows.
	Notified struct {
		ID     uint32
		Status int
		Over   bool
	}
)

func (ReferralAnswered) isEvent() {}
func (Notified) isEvent()         {}

// A referral is our REFER, until its outcome is known. It is not in the dialog's memory:
// only a softphone sends REFER, and does not survive its process.
type referral struct {
	id, cseq uint32 // cseq is that of the REFER once challenges were answered
	until    time.Time
}

// Refer asks the peer to call a party (RFC 3515) and, with r, to have the new call replace
// the one that r names. ReferralAnswered and Notified follow with the returned id. The id
// is 0 if the dialog is not established; then nothing is sent.
func (d *Dialog) Refer(now time.Time, to sip.Uri, r *Replaces) (id uint32, s Step) {
	t := d.step(now)
	if t.Established() {
		id = t.refer(to, r)
	}
	return id, t.step()
}

// Named returns the Replaces header for this dialog in a request to its peer.
func (d *Dialog) Named() Replaces {
	return Replaces{CallID: d.id.CallID, ToTag: d.remoteTag(), FromTag: d.id.Tag}
}

// PeerTag returns the peer's tag, "" before the peer has one.
func (d *Dialog) PeerTag() string { return d.peer.Tag }

// remoteTag is the peer's tag; while it rings, that of its first early dialog.
func (d *Dialog) remoteTag() string {
	if d.stage == calling && len(d.early) > 0 {
		return d.early[0].Tag
	}
	return d.peer.Tag
}

func (t *step) refer(to sip.Uri, r *Replaces) uint32 {
	if r != nil {
		to.Headers = append(slices.Clone(to.Headers), sip.HeaderKV{K: "Replaces", V: escapeHeader(r.String())})
	}
	hop := t.peer.nextHop(t.local)
	cseq := t.nextCSeq()
	req := t.request(sip.REFER, t.peer, cseq, t.branch(sip.REFER, cseq, t.peer.Tag))
	req.AppendHeader(t.local.contact(hop.Transport))
	req.AppendHeader(sip.NewHeader("Refer-To", "<"+to.String()+">"))
	req.AppendHeader(sip.NewHeader("Referred-By", "<"+t.self.URI.String()+">"))
	t.authorize(req, hop)
	req.SetBody(nil)
	t.transact(Refer, req, t.fit(req, hop))
	t.referrals = append(t.referrals, referral{cseq, cseq, t.now.Add(subscribedFor)})
	return cseq
}

// escapeHeader returns a header's value as it is written in a URI (RFC 3261 §25.1, hvalue).
func escapeHeader(value string) string {
	return strings.NewReplacer("&", "%26", "=", "%3D", ";", "%3B", ",", "%2C").Replace(EscapeUser(value))
}

// referAnswered takes the final response to our REFER. A challenge is answered, if we can.
func (t *step) referAnswered(tx requestTx, res *sip.Response) {
	i := slices.IndexFunc(t.referrals, func(r referral) bool { return r.id == tx.begun })
	if i >= 0 && t.stage == established && t.challenged(res, tx.sending) {
		cseq := t.nextCSeq()
		t.transact(Refer, t.again(tx.request, cseq, tx.to), tx.to)
		t.requests[len(t.requests)-1].begun, t.referrals[i].cseq = tx.begun, cseq
		return
	}
	t.referralAnswered(tx, res.StatusCode, fmt.Sprintf("%d %s", res.StatusCode, res.Reason))
}

func (t *step) referralAnswered(tx requestTx, status int, text string) {
	if status < 200 || status >= 300 {
		t.referrals = slices.DeleteFunc(t.referrals, func(r referral) bool { return r.id == tx.begun })
	}
	t.emit(ReferralAnswered{ID: tx.begun, Status: status, Text: text})
}

// takeNOTIFY takes a NOTIFY, which may come before the answer to our REFER.
func (t *step) takeNOTIFY(req *sip.Request, i int) {
	event, id := eventOf(req)
	k := slices.IndexFunc(t.referrals, func(r referral) bool { return r.cseq == id || id == 0 && len(t.referrals) == 1 })
	status, readable := sipfragStatus(req.Body())
	switch {
	case event != referEvent:
		t.reply(i, ErrorResponse, 489, "Bad Event", nil, sip.NewHeader("Allow-Events", referEvent))
	case k < 0:
		t.reply(i, ErrorResponse, sip.StatusCallTransactionDoesNotExists, "Subscription Does Not Exist", nil)
	case !readable:
		t.reply(i, ErrorResponse, sip.StatusBadRequest, "Bad Request", nil)
	default:
		t.reply(i, OK, sip.StatusOK, "OK", nil)
		state, _, _ := strings.Cut(headerValue(req, "Subscription-State"), ";")
		n := Notified{ID: t.referrals[k].id, Status: status, Over: strings.EqualFold(strings.TrimSpace(state), "terminated")}
		if n.Over {
			t.referrals = slices.Delete(t.referrals, k, k+1)
		}
		t.emit(n)
	}
}

// sipfragStatus reads the status line that a body begins with (RFC 3515 §2.4.5).
func sipfragStatus(body []byte) (status int, readable bool) {
	words := strings.Fields(string(body))
	if len(words) < 2 || !strings.EqualFold(words[0], "SIP/2.0") {
		return 0, false
	}
	status, err := strconv.Atoi(words[1])
	return status, err == nil && status >= 100 && status <= 699
}

// expireReferrals removes referrals for which no NOTIFY has come in time.
func (t *step) expireReferrals() {
	t.referrals = slices.DeleteFunc(t.referrals, func(r referral) bool { return passed(t.now, r.until) })
}
