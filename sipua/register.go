package sipua

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// RegistrationOptions are the registrar of a phone, and the address it registers.
type RegistrationOptions struct {
	At   netip.AddrPort // the registrar
	User string
	For  time.Duration // the time asked for
}

// A Registration keeps a phone registered (RFC 3261 §10.2): it answers challenges
// with the credentials of Local for the registrar's address, and registers again
// when half of the granted time is over. It is a value; each method returns its
// successor and the messages to send.
type Registration struct {
	dialog *Dialog // whose requests are in no dialog
	asks   RegistrationOptions

	leaving bool
	again   time.Time // when to ask again

	// Settled means that the registrar has given its final answer, or has not
	// answered at all.
	Settled bool
	// Until is how long the phone is registered; the zero value: it is not.
	Until time.Time
	// Status and Text are why not; without an answer Status is 0.
	Status int
	Text   string
}

// NewRegistration returns a registration that has asked for nothing yet.
func NewRegistration(local Local, id Identity, e RegistrationOptions) Registration {
	host := sip.Uri{Scheme: "sip", Host: e.At.Addr().String(), Port: int(e.At.Port()), UriParams: transportParam(local.Transport)}
	whose := sip.Uri{Scheme: "sip", User: EscapeUser(e.User), Host: host.Host, Port: host.Port}
	return Registration{asks: e, dialog: &Dialog{
		local: local, id: id, epoch: 1, stage: over, heard: -1,
		self: nameAddr{URI: whose}, other: nameAddr{URI: whose}, peer: peer{Target: host.String()},
	}}
}

// CallID is that of all its requests.
func (r Registration) CallID() string { return r.dialog.id.CallID }

// Ask asks the registrar to register the phone.
func (r Registration) Ask(now time.Time) (Registration, []Message) {
	r.leaving = false
	return r.send(now)
}

// Leave asks the registrar to forget the phone.
func (r Registration) Leave(now time.Time) (Registration, []Message) {
	r.leaving = true
	return r.send(now)
}

func (r Registration) send(now time.Time) (Registration, []Message) {
	t := r.dialog.step(now)
	t.requests = nil // earlier requests do not matter any more
	cseq := t.nextCSeq()
	to := t.peer.nextHop(t.local)
	req := t.request(sip.REGISTER, t.peer, cseq, t.branch(sip.REGISTER, cseq, ""))
	contact := t.local.contact(to.Transport)
	contact.Address.User = EscapeUser(r.asks.User)
	req.AppendHeader(contact)
	req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(int(r.lasts()/time.Second))))
	t.authorize(req, to)
	req.SetBody(nil)
	t.transact(Register, req, to)
	r.Settled, r.again = false, time.Time{}
	return r.after(t)
}

func (r Registration) lasts() time.Duration {
	if r.leaving {
		return 0
	}
	return r.asks.For
}

func (r Registration) after(t *step) (Registration, []Message) {
	step := t.step()
	r.dialog = step.Dialog
	return r, step.Out
}

// Receive takes a response with the registration's Call-ID.
func (r Registration) Receive(now time.Time, m Received) (Registration, []Message) {
	res, ok := m.SIP.(*sip.Response)
	if !ok || Check(m) != nil {
		return r, nil
	}
	t := r.dialog.step(now)
	i := slices.IndexFunc(t.requests, func(tx requestTx) bool {
		return BranchOf(tx.request) == BranchOf(res) && res.CSeq().MethodName == sip.REGISTER && tx.pending()
	})
	switch {
	case i < 0:
	case res.StatusCode < 200:
		t.requests[i] = t.requests[i].provisional()
	default:
		tx := t.requests[i]
		t.requests[i] = tx.final(now)
		if t.challenged(res, tx.sending) {
			t.transact(Register, t.again(tx.request, t.nextCSeq(), tx.to), tx.to)
			t.requests[len(t.requests)-1].begun = tx.begun
		} else {
			r = r.settle(now, res)
		}
	}
	return r.after(t)
}

// settle takes the registrar's last word.
func (r Registration) settle(now time.Time, res *sip.Response) Registration {
	r.Settled, r.Status, r.Text = true, res.StatusCode, strconv.Itoa(res.StatusCode)+" "+oneLine(res.Reason)
	granted := r.granted(res)
	r.Until, r.again = time.Time{}, now.Add(r.asks.For/2)
	if res.IsSuccess() && granted > 0 {
		r.Until, r.again = now.Add(granted), now.Add(granted/2)
	}
	if r.leaving {
		r.again = time.Time{}
	}
	return r
}

// granted is how long our Contact lasts, according to a response.
func (r Registration) granted(res *sip.Response) time.Duration {
	ours := r.dialog.local.Address
	for _, h := range res.GetHeaders("Contact") {
		c, ok := h.(*sip.ContactHeader)
		if !ok || AddressOf(c.Address) != ours || !strings.EqualFold(UserOf(c.Address), CanonicalUser(r.asks.User)) {
			continue
		}
		if seconds, err := strconv.ParseUint(c.Params.GetOr("expires", ""), 10, 32); err == nil {
			return time.Duration(seconds) * time.Second
		}
	}
	return 0
}

// Tick is called when Deadline has come.
func (r Registration) Tick(now time.Time) (Registration, []Message) {
	if passed(now, r.again) {
		return r.send(now)
	}
	t := r.dialog.step(now)
	t.tick()
	r, out := r.after(t)
	if !r.Settled && len(r.dialog.requests) == 0 {
		r.Settled, r.Until, r.Status, r.Text = true, time.Time{}, 0, "no answer from "+r.asks.At.String()
		if !r.leaving {
			r.again = now.Add(r.asks.For / 2)
		}
	}
	return r, out
}

// Deadline is when the registration wants a Tick; zero: never.
func (r Registration) Deadline() time.Time { return earliest(r.again, r.dialog.Deadline()) }
