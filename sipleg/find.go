package sipleg

import (
	"slices"

	"github.com/emiago/sipgo/sip"

	"holdfast/sipua"
)

// find returns the leg that a message belongs to, or nil: the one whose dialog it is in,
// whose request it answers or repeats, or with whose request it is merged. Callers and
// proxies use a Call-ID again, so that alone is not enough.
func (l *Legs) find(m sip.Message) *anchor {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.legs[m.CallID().Value()]
	i := slices.IndexFunc(all, func(a *anchor) bool { return a.owns(m) })
	if i < 0 {
		i = slices.IndexFunc(all, func(a *anchor) bool { return a.merges(m) })
	}
	if i < 0 {
		return nil
	}
	return all[i]
}

// talksIn reports whether a leg has the Call-ID of a message, in which much may be
// missing: its sender knows the call.
func (l *Legs) talksIn(m sip.Message) bool {
	if m == nil || m.CallID() == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.legs[m.CallID().Value()]) > 0
}

// owns reports whether a message is in the leg's dialog or in the transaction that
// began it (RFC 3261 §12.2, §17.2.3).
func (a *anchor) owns(m sip.Message) bool {
	from, to := tagIn(m.From().Params), tagIn(m.To().Params)
	if _, is := m.(*sip.Response); is {
		return from == a.identity.Tag
	}
	return to == a.identity.Tag || to == "" && a.identity.Begins(m)
}

// merges reports whether an INVITE that begins a dialog reached us before, by another
// way, and waits for its answer still or has been accepted (RFC 3261 §8.2.2.2), or is
// our own come back. A refused INVITE is over: a proxy may try another number here.
func (a *anchor) merges(m sip.Message) bool {
	req, is := m.(*sip.Request)
	if !is || req.Method != sip.INVITE || tagIn(req.To().Params) != "" {
		return false
	}
	return tagIn(req.From().Params) == a.identity.Tag ||
		a.role == callee && !a.refused.Load() && a.identity.Merges(req)
}

func tagIn(params sip.HeaderParams) string { return params.GetOr("tag", "") }

func (l *Legs) register(a *anchor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.legs[a.callID()] = append([]*anchor{a}, l.legs[a.callID()]...) // a leg opened again before the former
	if a.role == callee && a.connection == 1 {
		l.callers[a.contact] = a
	}
}

func (l *Legs) forget(a *anchor) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.callers[a.contact] == a {
		delete(l.callers, a.contact)
	}
	left := slices.DeleteFunc(l.legs[a.callID()], func(other *anchor) bool { return other == a })
	if len(left) == 0 {
		delete(l.legs, a.callID())
		return
	}
	l.legs[a.callID()] = left
}

func (a *anchor) callID() string { return a.identity.CallID }

// refuses takes note that a message has refused the INVITE that began the leg.
func (a *anchor) refuses(m sipua.Message) {
	if m.Kind == sipua.InviteRejected || m.Kind == sipua.Terminated {
		a.refused.Store(true)
	}
}
