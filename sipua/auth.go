package sipua

import (
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// authorizations are the headers that answer challenges.
var authorizations = []string{"Authorization", "Proxy-Authorization"}

// maxAnswers bounds how often one request is asked again for credentials, and
// how many realms a dialog remembers.
const maxAnswers = 6

// challenged takes the challenges in a response to our request, and reports
// whether the request can go again with an answer to one of them. A wrong answer
// is not given again: the same nonce, or a realm that wants another without
// having found ours stale (RFC 7616 §3.3).
func (t *step) challenged(res *sip.Response, s sending) bool {
	if res.StatusCode != sip.StatusUnauthorized && res.StatusCode != sip.StatusProxyAuthRequired ||
		s.request.CSeq().SeqNo-s.begun >= maxAnswers {
		return false
	}
	can := false
	for _, c := range challenges(res) {
		if _, ours := t.local.credentials(c.Realm, s.to.Addr()); !ours {
			continue
		}
		i := slices.IndexFunc(t.challenges, c.sameRealm)
		switch {
		case i < 0 && len(t.challenges) < maxAnswers:
			t.challenges = append(t.challenges, c)
		case i < 0, answers(s.request, c.Nonce), t.challenges[i].CSeq >= s.begun && !c.stale:
			return false
		default:
			t.challenges[i] = c
		}
		can = true
	}
	return can
}

// answers reports whether a request has the answer to a nonce.
func answers(req *sip.Request, nonce string) bool {
	for _, name := range authorizations {
		for _, h := range req.GetHeaders(name) {
			if strings.Contains(h.Value(), ` nonce="`+quotable(nonce)+`"`) {
				return true
			}
		}
	}
	return false
}

// authorize answers all challenges of the dialog in a new request that goes to h.
func (t *step) authorize(req *sip.Request, h Hop) {
	for i := range t.challenges {
		t.challenges[i].Count++
	}
	t.answerIn(req, h)
}

// answerIn adds the answers to a request that goes to h. They follow from the
// request and the memory of the dialog: of a nonce that was used, the client's
// part is always the same.
func (d *Dialog) answerIn(req *sip.Request, h Hop) {
	for _, c := range d.challenges {
		if who, ours := d.local.credentials(c.Realm, h.Addr()); ours {
			cnonce := d.secret("cnonce", c.Nonce)
			req.AppendHeader(c.answer(who, req.Method, req.Recipient.String(), cnonce))
		}
	}
}

// unanswered is a request without answers to challenges, whosesoever, fit to be
// written down.
func unanswered(req *sip.Request) *sip.Request {
	plain := req
	for _, name := range authorizations {
		for _, h := range req.GetHeaders(name) {
			if plain == req {
				plain = req.Clone()
			}
			plain.RemoveHeader(h.Name())
		}
	}
	return plain
}

// again is a request once more, with the answers to challenges (RFC 3261
// §22.2): in a transaction of its own.
func (t *step) again(req *sip.Request, cseq uint32, h Hop) *sip.Request {
	next := unanswered(req.Clone())
	next.ReplaceHeader(t.local.via(h.Transport, t.branch(req.Method, cseq, tagOf(req.To().Params))))
	next.ReplaceHeader(&sip.CSeqHeader{SeqNo: cseq, MethodName: req.Method})
	t.askSession(next)
	t.authorize(next, h)
	return next
}

// inviteAgain sends our INVITE at i again that has met a challenge, if we can
// answer, or that wanted too short a session interval.
func (t *step) inviteAgain(i int, res *sip.Response) bool {
	tx := t.invites[i]
	if t.hangUp || tx.cancelled || !t.challenged(res, tx.sending) && !t.lengthened(res, tx.sending) {
		return false
	}
	kind := ReINVITE
	if tx.initial {
		kind, t.early = FirstINVITE, nil
	}
	req := t.again(tx.request, t.nextCSeq(), tx.to)
	next := newInviteTx(tx.pace, t.now, req, t.fit(req, tx.to), tx.initial)
	next.begun = tx.begun
	t.send(kind, next.to, req)
	t.invites = append(t.invites, next)
	return true
}

// byeAgain sends our BYE again that has met a challenge, if we can answer. It is
// the last request of its dialog, which may be a fork's.
func (t *step) byeAgain(tx requestTx, res *sip.Response) {
	if !t.challenged(res, tx.sending) {
		return
	}
	t.transact(Bye, t.again(tx.request, tx.request.CSeq().SeqNo+1, tx.to), tx.to)
	t.requests[len(t.requests)-1].begun = tx.begun
}

// copyAnswers gives an ACK the answers of its INVITE (RFC 3261 §22.1).
func copyAnswers(invite, ack *sip.Request) {
	for _, name := range authorizations {
		sip.CopyHeaders(name, invite, ack)
	}
}
