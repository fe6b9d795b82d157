package sipua

import (
	"slices"

	"github.com/emiago/sipgo/sip"
)

// maxForks bounds the forked answers released, each by one BYE.
const maxForks = 64

// ack acknowledges a 2xx: each repetition gets the same ACK (RFC 3261 §13.2.2.4).
func (t *step) ack(kind Kind, res *sip.Response, p peer) {
	t.acknowledge(kind, res.CSeq().SeqNo, p)
}

func (t *step) acknowledge(kind Kind, cseq uint32, p peer) {
	req := t.request(sip.ACK, p, cseq, t.branch(sip.ACK, cseq, p.Tag))
	for _, tx := range t.invites {
		if tx.request.CSeq().SeqNo == cseq {
			copyAnswers(tx.request, req)
		}
	}
	req.SetBody(nil)
	t.send(kind, p.nextHop(t.local), req)
}

// ackRejected is the ACK inside the INVITE's own transaction (RFC 3261 §17.1.1.3).
func (t *step) ackRejected(invite *sip.Request, res *sip.Response) *sip.Request {
	req := t.sameRoute(sip.ACK, invite)
	req.AppendHeader(sip.HeaderClone(res.To()))
	copyAnswers(invite, req)
	req.SetBody(nil)
	return req
}

// sameRoute begins an ACK or CANCEL, which goes the way of its INVITE; the To
// is left to add.
func (t *step) sameRoute(method sip.RequestMethod, invite *sip.Request) *sip.Request {
	req := sip.NewRequest(method, invite.Recipient)
	req.AppendHeader(invite.Via().Clone())
	for _, name := range []string{"Route", "Max-Forwards", "From", "Call-ID"} {
		sip.CopyHeaders(name, invite, req)
	}
	req.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: method})
	return req
}

// cancel sends CANCEL for a pending INVITE (RFC 3261 §9.1).
func (t *step) cancel(i int) {
	tx := t.invites[i]
	req := t.sameRoute(sip.CANCEL, tx.request)
	req.AppendHeader(sip.HeaderClone(tx.request.To()))
	for _, h := range t.reasonHeader() {
		req.AppendHeader(h)
	}
	req.SetBody(nil)
	t.transact(Cancel, req, tx.to)
	t.invites[i] = tx.cancel(t.now)
}

// release ends a dialog that a further 2xx has made: ACK each time, BYE once.
func (t *step) release(res *sip.Response, p peer) {
	if p.Target == "" {
		p.Target = t.other.URI.String()
	}
	t.ack(AgainACK, res, p)
	t.byeOnce(p, res.CSeq().SeqNo+1)
}

func (t *step) byeOnce(p peer, cseq uint32) {
	if slices.Contains(t.forks, p.Tag) || len(t.forks) == maxForks {
		return
	}
	t.forks = append(t.forks, p.Tag)
	t.sendBYE(p, cseq)
}

// uncancellable: the peer knows nothing of the INVITE that CANCEL was for. It
// never had it, or has answered it while no server listened.
func (t *step) uncancellable(cancel requestTx) {
	for i, tx := range t.invites {
		if tx.pending() && tx.initial && BranchOf(tx.request) == BranchOf(cancel.request) {
			t.invites[i] = tx.final(t.now, sip.StatusCallTransactionDoesNotExists)
			t.releaseEarly(tx.request.CSeq().SeqNo)
		}
	}
}

// releaseEarly ends a first INVITE that never had a final response. An answer
// of one of those who rang may have been lost with a former owner, so each is
// ended as if it had answered; to the others ACK and BYE mean nothing.
func (t *step) releaseEarly(cseq uint32) {
	for _, p := range t.early {
		t.acknowledge(AgainACK, cseq, p)
		t.byeOnce(p, cseq+1)
	}
	t.stage, t.early = over, nil
}
