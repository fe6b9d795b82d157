package sipua

import (
	"fmt"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Ask sends OPTIONS inside an established dialog to find out whether the peer is still
// there. Without an answer within 64*T1, or with 481 or 408, the dialog is lost; any
// other answer shows that the peer is there. Ask sends nothing while an earlier request
// finds out the same.
func (d *Dialog) Ask(now time.Time) Step {
	t := d.step(now)
	if to := t.peer.nextHop(t.local); t.Established() && to.IsValid() &&
		!t.asking(sip.OPTIONS, sip.UPDATE) && !t.ourInvite() && !t.awaitsFirstACK() {
		t.ask(to)
	}
	return t.step()
}

func (t *step) ask(to Hop) {
	cseq := t.nextCSeq()
	req := t.request(sip.OPTIONS, t.peer, cseq, t.branch(sip.OPTIONS, cseq, t.peer.Tag))
	req.AppendHeader(t.local.contact(to.Transport))
	req.AppendHeader(sip.NewHeader("Accept", accepted))
	t.authorize(req, to)
	req.SetBody(nil)
	t.transact(Ask, req, t.fit(req, to))
}

// asking reports whether one of our requests with one of these methods has no answer.
func (t *step) asking(methods ...sip.RequestMethod) bool {
	return slices.ContainsFunc(t.requests, func(tx requestTx) bool {
		return tx.pending() && slices.Contains(methods, tx.request.Method)
	})
}

// proves reports whether a request finds out that the peer is there.
func (tx requestTx) proves() bool {
	return tx.request.Method == sip.OPTIONS || tx.request.Method == sip.UPDATE
}

// present takes the final response to a request that asks whether the peer is there.
func (t *step) present(tx requestTx, m Received, res *sip.Response) {
	text := fmt.Sprintf("%d %s", res.StatusCode, res.Reason)
	switch {
	case !tx.proves() || t.stage != established:
	case res.StatusCode == sip.StatusCallTransactionDoesNotExists:
		t.lose(text, false)
	case res.StatusCode == sip.StatusRequestTimeout:
		t.lose(text, true)
	case tx.request.Method == sip.UPDATE:
		t.updateAnswered(tx, m, res)
	}
}

// expired handles our request that has had no final response.
func (t *step) expired(tx requestTx) {
	switch {
	case tx.pending() && t.introduces(tx):
		t.unheard()
	case tx.pending() && tx.proves():
		t.lose(fmt.Sprintf("no answer to our %s within %s", tx.request.Method, tx.timeout()), true)
	}
}
