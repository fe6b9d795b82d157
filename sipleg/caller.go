package sipleg

import (
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
)

// usualHops is how far a request without Max-Forwards may go (RFC 3261 §8.1.1.6).
const usualHops = 70

// An invited is the part of a caller's INVITE that concerns the parties we call for them.
type invited struct {
	Hops    int  `json:"hops"`              // that it had left
	Private bool `json:"private,omitempty"` // hide the caller from all other parties

	// Agent is the agent whose phone dials; empty: a customer calls.
	Agent string `json:"agent,omitempty"`

	// Called is the user that a customer has called; where the call has been before is
	// in Diversions and History, oldest first.
	Called     string   `json:"called,omitempty"`
	Diversions []string `json:"diversions,omitempty"`
	History    []string `json:"history,omitempty"`
}

func invitedBy(r *sip.Request) invited {
	return invited{Hops: hopsOf(r), Private: private(r)}
}

// customerInvited is invitedBy for a customer.
func customerInvited(r *sip.Request) invited {
	by := invitedBy(r)
	by.Called = sipua.CalledUser(address(r.Recipient))
	if !hidesHistory(r) {
		by.Diversions, by.History = carried(diversions(r)), carried(histories(r))
	}
	return by
}

// hiddenFrom reports whether a party may not see who called us: a customer who wants to
// stay unknown is hidden from all parties we call for them, and an agent who dials is
// hidden from the customer.
func (i invited) hiddenFrom(p call.Party) bool {
	return i.Private && (i.Agent != "") == (p == call.Customer)
}

func hopsOf(r *sip.Request) int {
	if h := r.MaxForwards(); h != nil {
		return min(int(h.Val()), 255)
	}
	return usualHops
}

// private reports whether a caller wants to stay unknown to the parties we call for them:
// by Privacy (RFC 3323 §4.2, RFC 3325 §9.3), or in the older way of gateways.
func private(r *sip.Request) bool {
	if asksFor(r, "id", "user", "header") {
		return true
	}
	for _, h := range r.GetHeaders("Remote-Party-ID") {
		for param := range strings.SplitSeq(strings.ToLower(h.Value()), ";") {
			name, value, _ := strings.Cut(strings.ReplaceAll(param, " ", ""), "=")
			if value = strings.Trim(value, `"`); name == "privacy" && value != "off" && value != "no" {
				return true
			}
		}
	}
	return false
}

// asksFor reports whether the Privacy of a request has one of these values.
func asksFor(r *sip.Request, values ...string) bool {
	for _, h := range r.GetHeaders("Privacy") {
		wishes := strings.FieldsFunc(strings.ToLower(h.Value()), func(c rune) bool { return strings.ContainsRune("; ,", c) })
		if slices.ContainsFunc(wishes, func(w string) bool { return slices.Contains(values, w) }) {
			return true
		}
	}
	return false
}

// call is a call for a contact. It may go one hop less than that of its caller, so that a
// call which others lead back to us ends (RFC 7332 §3).
func (l *Legs) call(id call.ContactID, to sip.Uri, d call.Dial) sipua.Call {
	by := invited{Hops: usualHops + 1}
	l.mu.Lock()
	if a := l.callers[id]; a != nil && a.caller.Hops > 0 {
		by = a.caller
	}
	l.mu.Unlock()
	hops := sip.MaxForwardsHeader(by.Hops - 1)
	c := sipua.Call{To: to, Registered: l.addresses.Registers(d.To), Headers: []sip.Header{&hops}}
	hidden := by.hiddenFrom(d.Party)
	if hidden {
		c.Headers = append(c.Headers, sip.NewHeader("Privacy", "id"))
	} else {
		c.Headers = append(c.Headers, l.asserted(d)...)
	}
	c.Headers = append(c.Headers, l.diverted(by, to, d)...)
	if hidden && (d.Party == call.Customer || d.From == d.Customer) {
		c.Name, c.From = "Anonymous", anonymous()
	} else {
		c.Name, c.From = d.From.Name, l.from(d.From)
	}
	return c
}

// asserted is the identity of the customer we call for, for the trunks that get it.
func (l *Legs) asserted(d call.Dial) []sip.Header {
	if d.Customer.Kind != call.PhoneNumber || d.Party == call.Customer || !l.addresses.Identifies(d.To) {
		return nil
	}
	who := l.from(d.Customer)
	return []sip.Header{sip.NewHeader("P-Asserted-Identity", "<"+who.String()+">")}
}

// from is the caller that a party sees: the user of the customer's address or number, or
// the name of the agent, at our host, so that the party's requests to it reach us.
func (l *Legs) from(e call.Endpoint) sip.Uri {
	from := sip.Uri{Scheme: "sip", User: "anonymous", Host: l.local.Address.Addr().String(), Port: int(l.local.Address.Port())}
	switch e.Kind {
	case call.PhoneNumber:
		from.User = sipua.EscapeUser(e.Address)
	case call.AgentEndpoint:
		from.User = sipua.EscapeUser(e.Address)
	case call.URI:
		var theirs sip.Uri
		if err := sip.ParseUri(e.Address, &theirs); err == nil && theirs.User != "" {
			from.User = sipua.EscapeUser(sipua.CanonicalUser(theirs.User))
		}
	case call.QueueEndpoint: // a queue calls no party
	}
	return from
}
