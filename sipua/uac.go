package sipua

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// maxEarly bounds the early dialogs remembered.
const maxEarly = 16

// invite sends our INVITE: the first, or a re-INVITE.
func (t *step) invite(offer []byte) {
	initial := t.stage == calling
	to := t.peer.nextHop(t.local)
	if !to.IsValid() {
		if initial {
			t.stage = over
		}
		t.emit(Rejected{Text: "no address for " + t.peer.Target, Initial: initial})
		return
	}
	cseq := t.nextCSeq()
	req := t.request(sip.INVITE, t.peer, cseq, t.branch(sip.INVITE, cseq, ""))
	kind := ReINVITE
	if initial {
		kind = FirstINVITE
		t.addFirst(req)
	} else {
		t.identify(req)
	}
	req.AppendHeader(t.local.contact(to.Transport))
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	req.AppendHeader(sip.NewHeader("Supported", strings.Join(supported, ", ")))
	t.askSession(req)
	t.authorize(req, to)
	setBody(req, offer)
	to = t.fit(req, to)
	t.send(kind, to, req)
	t.invites = append(t.invites, newInviteTx(t.local.pace(), t.now, req, to, initial))
}

// addFirst gives the first INVITE the route over the proxy (RFC 3261 §8.1.1.1)
// and the user's headers, of which Max-Forwards replaces ours.
func (t *step) addFirst(req *sip.Request) {
	if t.local.Proxy.IsValid() {
		req.AppendHeader(t.local.proxyRoute())
	}
	for _, h := range t.headers {
		if sip.HeaderToLower(h.Name()) == "max-forwards" {
			req.RemoveHeader("Max-Forwards")
		}
		req.AppendHeader(h)
	}
}

// ourInvite reports whether one of our INVITEs has no final response.
func (t *step) ourInvite() bool { return slices.ContainsFunc(t.invites, inviteTx.pending) }

// answered takes a response.
func (t *step) answered(m Received, res *sip.Response) {
	if tagOf(res.From().Params) != t.id.Tag {
		return
	}
	if res.CSeq().MethodName == sip.INVITE {
		t.inviteAnswered(m, res)
		return
	}
	for i, tx := range t.requests {
		switch {
		case BranchOf(tx.request) != BranchOf(res) || tx.request.Method != res.CSeq().MethodName || !tx.pending():
		case res.StatusCode < 200:
			t.requests[i] = tx.provisional()
		default:
			t.requests[i] = tx.final(t.now)
			t.requestAnswered(tx, res)
			t.present(tx, m, res)
		}
	}
}

// requestAnswered takes the final response to a request other than INVITE.
func (t *step) requestAnswered(tx requestTx, res *sip.Response) {
	switch tx.request.Method {
	case sip.BYE:
		t.byeAgain(tx, res)
	case sip.INFO:
		t.infoAnswered(tx, res)
	case sip.NOTIFY:
		t.notifyAnswered(tx, res)
	case sip.REFER:
		t.referAnswered(tx, res)
	case sip.CANCEL:
		if res.StatusCode == sip.StatusCallTransactionDoesNotExists {
			t.uncancellable(tx)
		}
	default: // we send no other
	}
}

func (t *step) inviteAnswered(m Received, res *sip.Response) {
	i := slices.IndexFunc(t.invites, func(tx inviteTx) bool {
		return BranchOf(tx.request) == BranchOf(res)
	})
	switch status := res.StatusCode; {
	case status >= 200 && status < 300:
		t.inviteAccepted(i, m, res)
	case i < 0:
	case status < 200:
		t.inviteProgressed(i, m, res)
	default:
		t.inviteRejected(i, res)
	}
}

func (t *step) inviteProgressed(i int, m Received, res *sip.Response) {
	tx := t.invites[i]
	if !tx.pending() {
		return
	}
	t.invites[i] = tx.provisional()
	if !tx.initial {
		return
	}
	if res.StatusCode > 100 {
		t.remember(t.peerOfResponse(res, hopOf(m)))
	}
	switch {
	case t.hangUp && !tx.cancelled:
		t.cancel(i)
	case !t.hangUp && res.StatusCode > 100:
		t.emit(Progressed{Status: res.StatusCode, SDP: sdpOf(res)})
	}
}

// settle is the first final response to an INVITE. Its CANCEL, if there is
// one, has nothing left to do.
func (t *step) settle(i int, status int) {
	t.invites[i] = t.invites[i].final(t.now, status)
	for j, tx := range t.requests {
		if tx.pending() && BranchOf(tx.request) == BranchOf(t.invites[i].request) {
			t.requests[j] = tx.final(t.now)
		}
	}
}

// remember keeps an early dialog for a successor, who may have to end it.
func (t *step) remember(p peer) {
	if p.Tag == "" {
		return
	}
	if p.Target == "" {
		p.Target = t.peer.Target
	}
	i := slices.IndexFunc(t.early, func(e peer) bool { return e.Tag == p.Tag })
	switch {
	case i >= 0:
		t.early[i] = p
	case len(t.early) < maxEarly:
		t.early = append(t.early, p)
	}
}

// inviteAccepted takes a 2xx: the first, a repeated one, or one of a fork. i
// is -1 when its transaction has been forgotten.
func (t *step) inviteAccepted(i int, m Received, res *sip.Response) {
	p := t.peerOfResponse(res, hopOf(m))
	if p.Target == "" {
		p.Target = t.peer.Target
	}
	first := t.stage == calling && i >= 0 && t.invites[i].pending()
	if !first && p.Tag != t.peer.Tag {
		t.release(res, p)
		return
	}
	pending := i >= 0 && t.invites[i].pending()
	if pending {
		t.settle(i, res.StatusCode)
	}
	switch {
	case first:
		t.establish(p, res)
	case pending && t.stage == established:
		p.Routes = t.peer.Routes // fixed when the dialog was made (§12.2)
		t.peer, t.acked = p, res.CSeq().SeqNo
		t.sessionAgreed(res)
		t.ack(AgainACK, res, p)
		if t.retries = 0; !t.hangUp {
			t.emit(Accepted{SDP: sdpOf(res)})
		}
		t.inviteWaiting()
	default:
		p.Routes = t.peer.Routes
		t.ack(AgainACK, res, p)
	}
}

// establish makes the dialog of the first 2xx to our first INVITE. After a
// hang-up it lives only for its BYE.
func (t *step) establish(p peer, res *sip.Response) {
	t.acked = res.CSeq().SeqNo
	t.peer, t.early, t.stage = p, nil, established
	t.sessionAgreed(res)
	if t.hangUp {
		t.ack(AgainACK, res, p)
		t.bye()
		return
	}
	t.ack(FirstACK, res, p)
	t.emit(Accepted{SDP: sdpOf(res), Initial: true})
	t.inviteWaiting()
}

// inviteRejected takes a final response other than 2xx and acknowledges it,
// each repetition at once (RFC 3261 §17.1.1.3). The first ACK is recorded:
// after it the peer does not repeat a response that a successor would have to
// know.
func (t *step) inviteRejected(i int, res *sip.Response) {
	tx := t.invites[i]
	if tx.state == txAccepted {
		return
	}
	kind := InviteRejectedACK
	if !tx.pending() {
		kind = Retransmission
	}
	t.send(kind, tx.to, t.ackRejected(tx.request, res))
	if !tx.pending() {
		return
	}
	t.settle(i, res.StatusCode)
	text := fmt.Sprintf("%d %s", res.StatusCode, res.Reason)
	switch {
	case (tx.initial || t.stage == established) && t.inviteAgain(i, res):
	case tx.initial:
		t.stage, t.early = over, nil
		if !t.hangUp {
			t.emit(Rejected{Status: res.StatusCode, Text: text, Initial: true})
		}
	case t.stage != established || t.hangUp:
	case res.StatusCode == sip.StatusCallTransactionDoesNotExists:
		t.lose(text, false)
	case res.StatusCode == sip.StatusRequestTimeout:
		t.lose(text, true)
	default:
		t.reinviteRejected(tx, res, text)
	}
}

func (t *step) tickInvite(i int) {
	tx := t.invites[i]
	switch {
	case passed(t.now, tx.end):
		t.inviteExpired(i)
	case passed(t.now, tx.answerBy):
		t.invites[i].answerBy = time.Time{}
		t.abandon(i, fmt.Sprintf("no answer from %s within %s", tx.to, firstSign))
	case tx.resend.due(t.now):
		t.send(Retransmission, tx.to, tx.request)
		t.invites[i].resend = tx.resend.again(t.now, tx.timeout()) // timer A has no cap
	}
}

// unreachable takes the network's report that addr is unreachable. A request
// lost there over TCP is repeated as if it had gone over UDP, except for a
// first INVITE.
func (t *step) unreachable(addr netip.AddrPort) {
	for i := range t.invites {
		tx := &t.invites[i]
		switch {
		case tx.state != txCalling || tx.to.AddrPort != addr:
		case t.overUDP(&tx.sending):
		case tx.initial:
			tx.resend = repetition{}
			t.abandon(i, fmt.Sprintf("%s is unreachable", addr))
		case tx.resend == repetition{}:
			tx.resend = tx.repeatFrom(t.now)
		}
	}
	for i := range t.requests {
		tx := &t.requests[i]
		switch {
		case tx.state != txCalling || tx.to.AddrPort != addr:
		case t.overUDP(&tx.sending):
		case tx.resend == repetition{}:
			tx.resend = tx.repeatFrom(t.now)
		}
	}
}

// abandon reports that our first INVITE gets no answer. It lingers: an answer
// that comes after all is taken and ended at once.
func (t *step) abandon(i int, text string) {
	t.invites[i].answerBy = time.Time{}
	if t.hangUp {
		return
	}
	t.hangUp, t.waiting = true, nil
	t.emit(Rejected{Text: text, Initial: t.invites[i].initial})
}

func (t *step) inviteExpired(i int) {
	tx := t.invites[i]
	switch {
	case !tx.pending():
		t.invites[i] = tx.ended()
	case tx.initial:
		t.invites[i] = tx.ended()
		t.releaseEarly(tx.request.CSeq().SeqNo)
	case tx.state == txProceeding && !tx.cancelled && t.stage == established:
		t.cancel(i) // no person answers a re-INVITE: it is stuck
	default:
		t.invites[i] = tx.ended()
		t.lose(fmt.Sprintf("no answer to our re-INVITE within %s", tx.timeout()), true)
	}
}
