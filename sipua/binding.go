package sipua

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A Binding is where a phone has said that it can be reached for a while.
type Binding struct {
	Contact string         `json:"contact"` // as the phone wrote it
	Address string         `json:"address"` // where it is called: behind a NAT, where its request came from
	From    netip.AddrPort `json:"from"`    // where its request came from
	Until   time.Time      `json:"until"`
	Order   string         `json:"order"` // the CSeq and Call-ID of the request
}

const (
	// briefest is the shortest time that a phone may ask for.
	briefest = 30 * time.Second
	// maxBindings is how many an account has; more replace those used longest ago.
	maxBindings = 8
	// maxContact is how long a Contact may be.
	maxContact = 255
)

// Asked is what somebody asks a registrar for who has proved to be entitled to.
type Asked struct {
	Account string // by name
	request Received
	all     bool // "*": remove what there is
	wishes  []contactBinding
	callID  string
	cseq    uint32
}

// A contactBinding is one Contact of a REGISTER.
type contactBinding struct {
	contact, address string
	lasts            time.Duration // 0: remove it
}

// read finds out what a request asks for (RFC 3261 §10.3, steps 6 and 7).
func (r *Registrar) read(who Account, m Received, req *sip.Request) (*Asked, *rejection) {
	a := &Asked{Account: who.Name, request: m, callID: req.CallID().Value(), cseq: req.CSeq().SeqNo}
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

// lasts is how long a Contact shall last. What is malformed is taken for not
// said (RFC 3261 §20.19).
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

// reachable says that calls to a Contact can be made, and do not lead back to us.
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

// Apply is what there is of bindings when the wish is fulfilled, the newest last.
// Not ok: the request was overtaken by a later one of the same phone, and nothing
// may change (RFC 3261 §10.3, step 7).
func (a *Asked) Apply(now time.Time, bindings []Binding) (after []Binding, ok bool) {
	after = slices.DeleteFunc(slices.Clone(bindings), func(b Binding) bool { return passed(now, b.Until) })
	if slices.ContainsFunc(after, func(b Binding) bool { return a.names(b) && a.overtakenBy(b) }) {
		return after, false
	}
	after = slices.DeleteFunc(after, a.names)
	for _, w := range a.wishes {
		after = slices.DeleteFunc(after, func(b Binding) bool { return b.Contact == w.contact }) // named twice
		if w.lasts > 0 {
			order := fmt.Sprintf("%d %s", a.cseq, a.callID)
			after = append(after, Binding{w.contact, w.address, a.request.From, now.Add(w.lasts), order})
		}
	}
	return after[max(0, len(after)-maxBindings):], true
}

// Changes says that the request asks for more than to be told what there is.
func (a *Asked) Changes() bool { return a.all || len(a.wishes) > 0 }

// names says that the request is about a binding.
func (a *Asked) names(b Binding) bool {
	return a.all || slices.ContainsFunc(a.wishes, func(w contactBinding) bool { return w.contact == b.Contact })
}

// overtakenBy says that a binding was made by the same phone later.
func (a *Asked) overtakenBy(b Binding) bool {
	number, by, _ := strings.Cut(b.Order, " ")
	cseq, err := strconv.ParseUint(number, 10, 32)
	return err == nil && by == a.callID && a.cseq <= uint32(cseq)
}
