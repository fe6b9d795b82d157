package sipleg

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"holdfast/sipua"
)

// Phones knows whose phones may register, and keeps where they have. Its methods
// may be called by any goroutine.
type Phones interface {
	// MayRegister reports whether phones there are answered.
	MayRegister(from netip.AddrPort) bool
	// MayBind reports whether a phone may be called at that sip: address.
	MayBind(address string) bool
	// Bindings are those of an account now.
	Bindings(account string) []sipua.Binding
	// Bind writes the bindings of an account down, with those it has lost, and may wait
	// for that.
	Bind(ctx context.Context, account string, bindings []sipua.Binding, lost []sipua.Loss) error
	// Expire forgets bindings whose time is over, and returns them by account, and when
	// the next one is over.
	Expire(now time.Time) (lost map[string][]sipua.Loss, next time.Time)
}

// A PhoneChange is a phone that is registered at one place more, or less. A registration
// that is only refreshed is none.
type PhoneChange struct {
	Account string
	At      time.Time
	Binding sipua.Binding
	Lost    sipua.LossReason // empty: it is registered there now
	Places  int              // where it is registered afterwards
}

// RegistrarOptions configure a Registrar. All are needed.
type RegistrarOptions struct {
	Local         sipua.Local
	Sender        Sender
	Phones        Phones
	Authenticator *sipua.Authenticator
	For           time.Duration // the longest a registration lasts
	Log           *slog.Logger
	// Changed is called with each change, in order, and must not block; nil: not.
	Changed func(PhoneChange)
}

const (
	// maxRequests is how many wait for their turn, of phones and of anyone; phones
	// repeat those beyond.
	maxRequests = 256
	// bindWithin is how long a phone waits for its binding to be written down.
	bindWithin = 5 * time.Second
)

// A Registrar answers the phones that register. It writes a registration down before it
// confirms it to the phone.
type Registrar struct {
	machine *sipua.Registrar
	options RegistrarOptions
	phones  chan sipua.Received // requests that answer a nonce: their senders are not forged
	others  chan sipua.Received
	unsent  seldom    // log lines about them
	expiry  time.Time // when the next binding is over; zero: none is left
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// StartRegistrar returns a registrar that takes requests until Close.
func StartRegistrar(o RegistrarOptions) *Registrar {
	ctx, stop := context.WithCancel(context.Background())
	r := &Registrar{
		machine: sipua.NewRegistrar(sipua.RegistrarOptions{
			Local: o.Local, Authenticator: o.Authenticator, Longest: o.For, MayBind: o.Phones.MayBind,
		}),
		options: o, phones: make(chan sipua.Received, maxRequests), others: make(chan sipua.Received, maxRequests), stop: stop,
	}
	r.done.Go(func() { r.run(ctx) })
	return r
}

// Close ends the registrar. Registrations last on.
func (r *Registrar) Close() {
	r.stop()
	r.done.Wait()
}

// Receive takes a message that is for the registrar, and reports whether it was.
// It does not wait. From where no phone may register, nothing is.
func (r *Registrar) Receive(m sipua.Received) bool {
	if !sipua.IsRegister(m) || !r.options.Phones.MayRegister(m.From) {
		return false
	}
	queue := r.others
	if r.options.Authenticator.Answers(m) {
		queue = r.phones
	}
	select {
	case queue <- m:
	default:
	}
	return true
}

func (r *Registrar) run(ctx context.Context) {
	r.expire(time.Now())
	expiry := time.NewTimer(time.Hour)
	defer expiry.Stop()
	for {
		if r.expiry.IsZero() {
			expiry.Stop()
		} else {
			expiry.Reset(time.Until(r.expiry))
		}
		select {
		case m := <-r.phones:
			r.send(r.serve(ctx, time.Now(), m))
			continue
		default:
		}
		select {
		case m := <-r.phones:
			r.send(r.serve(ctx, time.Now(), m))
		case m := <-r.others:
			r.send(r.serve(ctx, time.Now(), m))
		case <-expiry.C:
			r.expire(time.Now())
		case <-ctx.Done():
			return
		}
	}
}

// serve is the answer to a request.
func (r *Registrar) serve(ctx context.Context, now time.Time, m sipua.Received) sipua.Message {
	asked, answer := r.machine.Receive(now, m)
	if asked == nil {
		return answer
	}
	if !r.expiry.IsZero() && !now.Before(r.expiry) {
		r.expire(now)
	}
	before := r.options.Phones.Bindings(asked.Account)
	bindings, ok := asked.Apply(now, before)
	if !ok {
		return r.machine.Refuse(now, asked)
	}
	if asked.Changes() {
		ctx, cancel := context.WithTimeout(ctx, bindWithin)
		defer cancel()
		lost := asked.Losses(now, before, bindings)
		if err := r.options.Phones.Bind(ctx, asked.Account, bindings, lost); err != nil {
			r.options.Log.Error("a phone cannot be registered", "agent", asked.Account, "from", m.From, "error", err)
			return r.machine.Postpone(asked)
		}
		r.bound(now, asked.Account, bindings, lost)
	}
	return r.machine.Grant(now, asked, bindings)
}

// bound notes the bindings that an account has now, and those it has lost.
func (r *Registrar) bound(now time.Time, account string, bindings []sipua.Binding, lost []sipua.Loss) {
	for _, l := range lost {
		r.changed(PhoneChange{account, now, l.Binding, l.Reason, len(bindings)})
	}
	for _, b := range bindings {
		if r.expiry.IsZero() || b.Until.Before(r.expiry) {
			r.expiry = b.Until
		}
		if b.Since.Equal(now) {
			r.changed(PhoneChange{account, now, b, "", len(bindings)})
		}
	}
}

// expire forgets the bindings whose time is over.
func (r *Registrar) expire(now time.Time) {
	var lost map[string][]sipua.Loss
	lost, r.expiry = r.options.Phones.Expire(now)
	for account, losses := range lost {
		places := len(r.options.Phones.Bindings(account))
		for _, l := range losses {
			r.changed(PhoneChange{account, now, l.Binding, l.Reason, places})
		}
	}
}

// changed logs a change, at a higher level if the phone has been lost altogether.
func (r *Registrar) changed(c PhoneChange) {
	level, text := slog.LevelInfo, "a phone has registered"
	switch {
	case c.Lost != "" && c.Places == 0:
		level, text = slog.LevelWarn, "an agent's phone is not registered any more"
	case c.Lost != "":
		text = "a registration of a phone has ended"
	}
	r.options.Log.Log(context.Background(), level, text, "agent", c.Account, "address", c.Binding.Address, "from", c.Binding.From,
		"userAgent", c.Binding.UserAgent, "reason", c.Lost, "places", c.Places)
	if r.options.Changed != nil {
		r.options.Changed(c)
	}
}

func (r *Registrar) send(m sipua.Message) {
	if m.SIP == nil { // not to be answered
		return
	}
	if err := r.options.Sender.Send(m); err != nil {
		r.unsent.warn(r.options.Log, time.Now(), m, err)
	}
}
