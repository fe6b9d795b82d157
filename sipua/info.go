package sipua

import (
	"fmt"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// The two forms of keys in INFO requests. They are not standardised, but phones
// and gateways agree on them.
const (
	keyRelay = "application/dtmf-relay" // Signal=5, and perhaps Duration=160
	keyAlone = "application/dtmf"       // 5
)

// telephoneKeys are the keys of a telephone in the order of their numbers: some
// send 10 for the star, and 11 for the hash.
const telephoneKeys = "0123456789*#"

// Key is the pressed key in the request, one of 0–9, * and #, if it has one.
func (i Info) Key() (key byte, pressed bool) {
	relay := strings.EqualFold(i.ContentType, keyRelay)
	if !relay && !strings.EqualFold(i.ContentType, keyAlone) {
		return 0, false
	}
	for line := range strings.Lines(string(i.Body)) {
		name, signal, named := strings.Cut(line, "=")
		switch {
		case named && strings.EqualFold(strings.TrimSpace(name), "signal"):
			return keyNamed(strings.TrimSpace(signal))
		case !named && !relay:
			return keyNamed(strings.TrimSpace(line))
		}
	}
	return 0, false
}

func keyNamed(signal string) (key byte, known bool) {
	switch {
	case signal == "10":
		return '*', true
	case signal == "11":
		return '#', true
	case len(signal) == 1 && strings.Contains(telephoneKeys, signal):
		return signal[0], true
	}
	return 0, false
}

// pressWaiting sends the next of the keys that wait, when the one before it has
// been answered: their order is all there is to them.
func (t *step) pressWaiting() {
	to := t.peer.nextHop(t.local)
	if t.keys == "" || t.stage != established || !to.IsValid() || slices.ContainsFunc(t.requests, pendingInfo) {
		return
	}
	key := t.keys[0]
	t.keys = t.keys[1:]
	cseq := t.nextCSeq()
	req := t.request(sip.INFO, t.peer, cseq, t.branch(sip.INFO, cseq, t.peer.Tag))
	t.authorize(req, to)
	req.AppendHeader(sip.NewHeader("Content-Type", keyRelay))
	req.SetBody(fmt.Appendf(nil, "Signal=%c\r\nDuration=100\r\n", key))
	t.transact(KeyInfo, req, t.fit(req, to))
}

func pendingInfo(tx requestTx) bool { return tx.pending() && tx.request.Method == sip.INFO }

// infoAnswered goes on with the keys. A request that met a challenge is sent
// again, if we can answer; a refused one does not end the call.
func (t *step) infoAnswered(tx requestTx, res *sip.Response) {
	if t.stage == established && t.challenged(res, tx.sending) {
		t.transact(KeyInfo, t.again(tx.request, t.nextCSeq(), tx.to), tx.to)
		t.requests[len(t.requests)-1].begun = tx.begun
		return
	}
	t.pressWaiting()
}
