package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/call"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// A Registration is the stored form of an agent's phone.
type Registration struct {
	Bindings []sipua.Binding `json:"bindings"` // the newest last
	// Lost is the binding that ended last, if Bindings is empty; nil: the phone has never
	// registered.
	Lost *sipua.Loss `json:"lost,omitempty"`
}

// phoneKind is the kind of the stored item of a phone, by the name of its agent.
const phoneKind = "phone"

// phones are those that have registered.
type phones struct {
	store switchboard.Store
	now   func() time.Time

	mu    sync.RWMutex
	known map[string]phone // by agent
}

type phone struct {
	Registration
	seq uint64
}

// KeepPhones reads from a store which phones are registered, and keeps it there
// from now on. Before, no phone is.
func (d *Directory) KeepPhones(ctx context.Context, store switchboard.Store) error {
	if err := d.keepChallengeKey(ctx, store); err != nil {
		return err
	}
	return d.readPhones(ctx, store)
}

func (d *Directory) readPhones(ctx context.Context, store switchboard.Store) error {
	kept, err := store.All(ctx, phoneKind)
	if err != nil {
		return fmt.Errorf("reading which phones are registered: %w", err)
	}
	known := map[string]phone{}
	for _, k := range kept {
		p := phone{seq: k.Seq}
		if err := json.Unmarshal(k.Data, &p.Registration); err != nil {
			return fmt.Errorf("reading where %s's phone is registered: %w", k.Name, err)
		}
		p.expire(d.phones.now())
		known[k.Name] = p
	}
	d.phones.mu.Lock()
	defer d.phones.mu.Unlock()
	d.phones.store, d.phones.known = store, known
	return nil
}

// MayRegister reports whether phones there may register.
func (d *Directory) MayRegister(from netip.AddrPort) bool {
	return within(d.conf.SIP.Phones, from.Addr().Unmap())
}

// Registers reports whether the phone of an endpoint registers.
func (d *Directory) Registers(e call.Endpoint) bool {
	agent, ok := d.conf.Agent(e.Address)
	return ok && e.Kind == call.AgentEndpoint && agent.User != ""
}

// Account is the agent whose phone registers as a user, and its password.
func (d *Directory) Account(user string) (sipua.Account, bool) {
	for _, a := range d.conf.Agents {
		if a.User != "" && strings.EqualFold(a.User, user) {
			return sipua.Account{Name: a.Name, User: user, Password: string(a.Password)}, true
		}
	}
	return sipua.Account{}, false
}

// Registration returns where the phone of an agent is registered now, or why it is not. The
// newest place is the one that is called.
func (d *Directory) Registration(agent string) Registration {
	d.phones.mu.RLock()
	defer d.phones.mu.RUnlock()
	p := d.phones.known[agent].Registration
	p.Bindings = slices.Clone(p.Bindings)
	p.expire(d.phones.now())
	return p
}

// expire removes the bindings whose time is over, and returns them.
func (r *Registration) expire(now time.Time) []sipua.Loss {
	var left []sipua.Binding
	var lost []sipua.Loss
	for _, b := range r.Bindings {
		if now.Before(b.Until) {
			left = append(left, b)
		} else {
			lost = append(lost, sipua.Loss{Binding: b, At: b.Until, Reason: sipua.Expired})
		}
	}
	r.Bindings = left
	r.end(lost)
	return lost
}

// end notes the last of these losses, if no binding is left.
func (r *Registration) end(lost []sipua.Loss) {
	switch {
	case len(r.Bindings) > 0:
		r.Lost = nil
	case len(lost) > 0:
		r.Lost = &slices.SortedStableFunc(slices.Values(lost), func(a, b sipua.Loss) int { return b.At.Compare(a.At) })[0]
	}
}

// Expire forgets bindings whose time is over. It returns them by agent, and when the next
// one is over, zero if none is left. It writes nothing: each binding was written with its end.
func (d *Directory) Expire(now time.Time) (lost map[string][]sipua.Loss, next time.Time) {
	d.phones.mu.Lock()
	defer d.phones.mu.Unlock()
	lost = map[string][]sipua.Loss{}
	for name, p := range d.phones.known {
		if gone := p.expire(now); len(gone) > 0 {
			lost[name], d.phones.known[name] = gone, p
		}
		for _, b := range p.Bindings {
			if next.IsZero() || b.Until.Before(next) {
				next = b.Until
			}
		}
	}
	return lost, next
}

// Bindings are where an agent's phone is registered now, the newest last.
func (d *Directory) Bindings(agent string) []sipua.Binding { return d.Registration(agent).Bindings }

// Bind writes down where an agent's phone is registered from now on, and which places it
// has lost. It waits for the store, and must not be called by two goroutines at once.
func (d *Directory) Bind(ctx context.Context, agent string, bindings []sipua.Binding, lost []sipua.Loss) error {
	r := d.Registration(agent)
	r.Bindings = slices.Clone(bindings)
	r.end(lost)
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("registering %s's phone: %w", agent, err)
	}
	d.phones.mu.RLock()
	store, after := d.phones.store, d.phones.known[agent].seq
	d.phones.mu.RUnlock()
	seq, err := store.Put(ctx, phoneKind, agent, text, after)
	if err != nil { // it may have been written anyway, or by another server
		_ = d.readPhones(ctx, store) // the error that counts is the first
		return fmt.Errorf("registering %s's phone: %w", agent, err)
	}
	d.phones.mu.Lock()
	defer d.phones.mu.Unlock()
	d.phones.known[agent] = phone{r, seq}
	return nil
}

// registered is the sip: address of a phone that registers. An error is a
// *switchboard.DialError.
func (d *Directory) registered(agent string) (string, error) {
	for _, b := range slices.Backward(d.Bindings(agent)) {
		if d.MayBind(b.Address) { // the configuration may be newer than the binding
			return b.Address, nil
		}
	}
	return "", refused(call.Unreachable, "%s's phone is not registered", agent)
}

// registeredAt reports whether a phone is registered from an address and port; 0: any.
func (d *Directory) registeredAt(ip netip.Addr, port uint16) bool {
	ip = ip.Unmap()
	d.phones.mu.RLock()
	defer d.phones.mu.RUnlock()
	now := d.phones.now()
	for name := range d.phones.known {
		for _, b := range d.phones.known[name].Bindings {
			if b.From.Addr() == ip && (port == 0 || b.From.Port() == port) && now.Before(b.Until) && d.registers(name) {
				return true
			}
		}
	}
	return false
}

// registers reports whether the phone of an agent registers, as the configuration has it.
func (d *Directory) registers(agent string) bool {
	a, ok := d.conf.Agent(agent)
	return ok && a.Name == agent && a.User != ""
}
