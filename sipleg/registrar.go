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
	// Bind writes the bindings of an account down, and may wait for that.
	Bind(ctx context.Context, account string, bindings []sipua.Binding) error
}

// RegistrarOptions are what a Registrar is made of. All are needed.
type RegistrarOptions struct {
	Local         sipua.Local
	Sender        Sender
	Phones        Phones
	Authenticator *sipua.Authenticator
	For           time.Duration // the longest a registration lasts
	Log           *slog.Logger
}

const (
	// maxRequests is how many wait for their turn, of phones and of anyone; phones
	// repeat those beyond.
	maxRequests = 256
	// bindWithin is how long a phone waits for its binding to be written down.
	bindWithin = 5 * time.Second
)

// A Registrar answers the phones that register. What they ask for is written down
// before they are told that they have it.
type Registrar struct {
	machine *sipua.Registrar
	options RegistrarOptions
	phones  chan sipua.Received // requests that answer a nonce: their senders are not forged
	others  chan sipua.Received
	unsent  seldom // what is logged of them
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
	for {
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
	bindings, ok := asked.Apply(now, r.options.Phones.Bindings(asked.Account))
	if !ok {
		return r.machine.Refuse(now, asked)
	}
	if asked.Changes() {
		ctx, cancel := context.WithTimeout(ctx, bindWithin)
		defer cancel()
		if err := r.options.Phones.Bind(ctx, asked.Account, bindings); err != nil {
			r.options.Log.Error("a phone cannot be registered", "agent", asked.Account, "from", m.From, "error", err)
			return r.machine.Postpone(asked)
		}
		r.options.Log.Info("a phone has registered", "agent", asked.Account, "from", m.From, "places", len(bindings))
	}
	return r.machine.Grant(now, asked, bindings)
}

func (r *Registrar) send(m sipua.Message) {
	if m.SIP == nil { // not to be answered
		return
	}
	if err := r.options.Sender.Send(m); err != nil {
		r.unsent.warn(r.options.Log, time.Now(), m, err)
	}
}
