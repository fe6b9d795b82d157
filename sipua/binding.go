package sipua

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/emiago/sipgo/sip"
)

// A Binding is an address at which a phone has registered for a while.
type Binding struct {
	Contact string         `json:"contact"` // as the phone wrote it
	Address string         `json:"address"` // where it is called: behind a NAT, where its request came from
	From    netip.AddrPort `json:"from"`    // where its request came from
	Until   time.Time      `json:"until"`
	Order   string         `json:"order"` // the CSeq and Call-ID of the request

	Since     time.Time `json:"since,omitzero"`      // without a break
	UserAgent string    `json:"userAgent,omitempty"` // the phone's name for itself
}

// A LossReason is why a Binding has ended.
type LossReason string

const (
	Expired      LossReason = "expired"      // the phone has not come again in time
	Unregistered LossReason = "unregistered" // at the phone's request
	Replaced     LossReason = "replaced"     // the same Contact is at another address now
	Evicted      LossReason = "evicted"      // others were used later, and there were too many
)

// A Loss is a Binding that has ended.
type Loss struct {
	Binding Binding    `json:"binding"`
	At      time.Time  `json:"at"`
	Reason  LossReason `json:"reason"`
}

const (
	// briefest is the shortest time that a phone may ask for.
	briefest = 30 * time.Second
	// maxBindings is how many an account has; more replace those used longest ago.
	maxBindings = 8
	// maxContact is how long a Contact may be.
	maxContact = 255
	// maxUserAgent is how much of a User-Agent is kept.
	maxUserAgent = 100
)

// Asked is a request to a registrar whose sender has proved to be entitled to it.
type Asked struct {
	Account string // by name
	request Received
	all     bool // "*": remove all bindings
	wishes  []contactBinding
	callID  string
	cseq    uint32

	userAgent string
}

// A contactBinding is one Contact of a REGISTER.
type contactBinding struct {
	contact, address string
	lasts            time.Duration // 0: remove it
}

// read reads the bindings that a request asks for (RFC 3261 §10.3, steps 6 and 7).
func (r *Registrar) read(who Account, m Received, req *sip.Request) (*Asked, *rejection) {
	a := &Asked{Account: who.Name, request: m, callID: req.CallID().Value(), cseq: req.CSeq().SeqNo, userAgent: userAgentOf(req)}
	contacts := req.GetHeaders("Contact")
	for _, h := range contacts {
		c, ok := h.(*sip.ContactHeader)
		if !ok {
			return nil, badRequest("a Contact is not readable")
		}
		lasts := r.lasts(c, req)
		switch {
		case c.Address.Wildcard && (len(contacts) > 1 || lasts != 0):
			return nil, badRequest("Contact * is for Expires 0 alone")
		case c.Address.Wildcard:
			a.all = true
			continue
		case !r.reachable(c.Address):
			return nil, badRequest("a Contact cannot be called")
		case lasts > 0 && lasts < briefest:
			least := strconv.Itoa(int(briefest / time.Second))
			return nil, &rejection{status: sip.StatusIntervalToBrief, reason: "Interval Too Brief", headers: []sip.Header{sip.NewHeader("Min-Expires", least)}}
		}
		address := r.address(c.Address, m)
		if lasts > 0 && !r.options.MayBind(address) {
			return nil, &rejection{status: sip.StatusForbidden, reason: "Forbidden: a Contact is where no phone may be"}
		}
		a.wishes = append(a.wishes, contactBinding{c.Address.String(), address, min(lasts, r.options.Longest)})
	}
	if len(a.wishes) > maxBindings {
		return nil, badRequest("too many Contacts")
	}
	return a, nil
}

// lasts is how long the request wants a Contact to last. A malformed value counts as
// missing (RFC 3261 §20.19).
func (r *Registrar) lasts(c *sip.ContactHeader, req *sip.Request) time.Duration {
	said, _ := c.Params.Get("expires")
	if h := req.GetHeader("Expires"); said == "" && h != nil {
		said = h.Value()
	}
	seconds, err := strconv.ParseUint(strings.TrimSpace(said), 10, 32)
	if err != nil {
		return r.options.Longest
	}
	return time.Duration(seconds) * time.Second
}

// reachable reports whether calls to a Contact can be made, and do not lead back to
// us.
func (r *Registrar) reachable(uri sip.Uri) bool {
	transport, err := ParseTransport(uri.UriParams.GetOr("transport", UDP.String()))
	return err == nil && uri.Scheme == "sip" && uri.Host != "" && len(uri.Headers) == 0 && usable(uri) &&
		len(uri.String()) <= maxContact && r.options.Local.carries(transport) &&
		AddressOf(uri) != r.options.Local.Address
}

// address is where a phone is called that names that Contact. Who names another
// host than they speak from is behind a NAT, and reached where they speak from,
// unless it was the proxy that spoke.
func (r *Registrar) address(uri sip.Uri, m Received) string {
	from := m.From.Addr().Unmap()
	if named := AddressOf(uri).Addr(); named == from || r.options.Local.Proxy.IsValid() {
		return uri.String()
	}
	uri.Host, uri.Port = from.String(), int(m.From.Port())
	uri.UriParams = slices.DeleteFunc(slices.Clone(uri.UriParams), func(p sip.HeaderKV) bool {
		return strings.EqualFold(p.K, "transport")
	})
	uri.UriParams = append(uri.UriParams, transportParam(m.Transport)...)
	return uri.String()
}

// Apply returns the bindings after the request, the newest last. Not ok: the request
// was overtaken by a later one of the same phone, and nothing may change (RFC 3261
// §10.3, step 7).
func (a *Asked) Apply(now time.Time, bindings []Binding) (after []Binding, ok bool) {
	after = slices.DeleteFunc(slices.Clone(bindings), func(b Binding) bool { return passed(now, b.Until) })
	if slices.ContainsFunc(after, func(b Binding) bool { return a.names(b) && a.overtakenBy(b) }) {
		return after, false
	}
	before := after
	after = slices.DeleteFunc(slices.Clone(after), a.names)
	for _, w := range a.wishes {
		after = slices.DeleteFunc(after, func(b Binding) bool { return b.Contact == w.contact }) // named twice
		if w.lasts > 0 {
			b := Binding{
				Contact: w.contact, Address: w.address, From: a.request.From, Until: now.Add(w.lasts),
				Order: fmt.Sprintf("%d %s", a.cseq, a.callID), Since: now, UserAgent: a.userAgent,
			}
			if i := slices.IndexFunc(before, b.continues); i >= 0 {
				b.Since = before[i].Since
			}
			after = append(after, b)
		}
	}
	return after[max(0, len(after)-maxBindings):], true
}

// Losses are the bindings before that are not among those after, of an Apply at now.
func (a *Asked) Losses(now time.Time, before, after []Binding) []Loss {
	var lost []Loss
	for _, b := range before {
		i := slices.IndexFunc(after, func(c Binding) bool { return c.Contact == b.Contact })
		switch {
		case i >= 0 && after[i].continues(b):
		case i >= 0:
			lost = append(lost, Loss{b, now, Replaced})
		case a.names(b):
			lost = append(lost, Loss{b, now, Unregistered})
		default:
			lost = append(lost, Loss{b, now, Evicted})
		}
	}
	return lost
}

// continues reports whether a binding is a former one, which has been refreshed.
func (b Binding) continues(former Binding) bool {
	return b.Contact == former.Contact && b.Address == former.Address
}

// userAgentOf is the User-Agent of a request, fit to be shown.
func userAgentOf(req *sip.Request) string {
	h := req.GetHeader("User-Agent")
	if h == nil {
		return ""
	}
	name := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(h.Value(), ""))
	if runes := []rune(name); len(runes) > maxUserAgent {
		name = string(runes[:maxUserAgent])
	}
	return name
}

// Changes reports whether the request asks for more than a list of the bindings.
func (a *Asked) Changes() bool { return a.all || len(a.wishes) > 0 }

// names reports whether the request is about a binding.
func (a *Asked) names(b Binding) bool {
	return a.all || slices.ContainsFunc(a.wishes, func(w contactBinding) bool { return w.contact == b.Contact })
}

// overtakenBy reports whether a binding was made by the same phone later.
func (a *Asked) overtakenBy(b Binding) bool {
	number, by, _ := strings.Cut(b.Order, " ")
	cseq, err := strconv.ParseUint(number, 10, 32)
	return err == nil && by == a.callID && a.cseq <= uint32(cseq)
}
