package softphone

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"holdfast/sipua"
)

// A Registration is the registrar to which a phone sends its address.
type Registration struct {
	At       netip.AddrPort // the registrar
	User     string         // the user name with which it registers; empty: the user of its URI
	Password string
	For      time.Duration // 0: five minutes
}

// leaveWithin is how long a phone that is switched off waits until it is no
// longer registered.
const leaveWithin = time.Second

// register begins to register, if Options.Register is set.
func (p *Phone) register() {
	at := p.options.Register
	if at == nil {
		return
	}
	lasts := at.For
	if lasts == 0 {
		lasts = 5 * time.Minute
	}
	r := sipua.NewRegistration(p.local, sipua.RandomIdentity(), sipua.RegistrationOptions{At: at.At, User: p.options.registersAs(), For: lasts})
	p.do(func() { p.registering(r.Ask(time.Now())) })
}

// credentials are those of the options, and those of the registration.
func (o Options) credentials() []sipua.Credentials {
	if o.Register == nil {
		return o.Credentials
	}
	at := o.Register.At.Addr()
	return append(slices.Clone(o.Credentials), sipua.Credentials{
		Peers: []netip.Prefix{netip.PrefixFrom(at, at.BitLen())}, User: o.registersAs(), Password: o.Register.Password,
	})
}

func (o Options) registersAs() string {
	if user := o.Register.User; user != "" {
		return user
	}
	return o.User
}

// Registered waits until the registrar has answered. A refusal is a *Refused.
func (p *Phone) Registered(ctx context.Context) error {
	return p.registered(ctx, func() {})
}

// Register registers once more, and waits until the registrar has answered.
func (p *Phone) Register(ctx context.Context) error {
	return p.registered(ctx, func() { p.registering(p.registration.Ask(time.Now())) })
}

// Unregister removes the phone from the registrar, and waits until it has
// answered.
func (p *Phone) Unregister(ctx context.Context) error {
	return p.registered(ctx, func() { p.registering(p.registration.Leave(time.Now())) })
}

func (p *Phone) registered(ctx context.Context, begin func()) error {
	if p.options.Register == nil {
		return fmt.Errorf("registering %s: it has no registrar", p.options.User)
	}
	settled := make(chan error, 1)
	wait := func() {
		begin()
		p.settling = append(p.settling, settled)
		p.settle()
	}
	if !p.do(wait) {
		return ErrClosed
	}
	select {
	case err := <-settled:
		return err
	case <-p.closed:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("registering %s: %w", p.options.User, context.Cause(ctx))
	}
}

// registering handles a step of the registration.
func (p *Phone) registering(r sipua.Registration, out []sipua.Message) {
	p.registration = &r
	p.send(out)
	p.settle()
}

// settle gives the waiting method the registrar's answer, if it has come.
func (p *Phone) settle() {
	r := p.registration
	if !r.Settled {
		return
	}
	var err error
	if r.Status/100 != 2 {
		err = &Refused{Status: r.Status, Text: r.Text}
	}
	for _, settled := range p.settling {
		settled <- err
	}
	p.settling = nil
}

// leave unregisters, if the registrar knows us.
func (p *Phone) leave() {
	known := make(chan bool, 1)
	if p.options.Register == nil || !p.do(func() { known <- !p.registration.Until.IsZero() }) || !<-known {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	if err := p.Unregister(ctx); err != nil {
		p.options.Log.Warn("leaving the registrar", "error", err)
	}
}
