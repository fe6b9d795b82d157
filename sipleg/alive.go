package sipleg

import "github.com/emiago/sipgo/sip"

// silent: no packet of the peer's audio has come for a while. That alone proves nothing: a
// phone that is mute or on hold need not send any.
type silent struct{}

func (silent) Trace() string { return "" }

// ask asks a silent peer whether it is still there.
func (t *step) ask() {
	if !t.ended {
		t.run(t.dialog.Ask(t.now))
	}
}

// routine reports whether a message is the answer of a peer that is still there. The record
// leaves it out, and the question: of a phone on hold it would have little else, and its
// room for messages between two entries is limited.
func routine(m sip.Message) bool {
	res, is := m.(*sip.Response)
	return is && res.CSeq() != nil && res.CSeq().MethodName == sip.OPTIONS &&
		res.StatusCode != sip.StatusCallTransactionDoesNotExists && res.StatusCode != sip.StatusRequestTimeout
}
