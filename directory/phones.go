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

// A Registration is what is written down of an agent's phone.
type Registration struct {
	Bindings []sipua.Binding `json:"bindings"` // the newest last
}

// phoneKind is the kind of what is kept of a phone, by the name of its agent.
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

// Bindings are where an agent's phone is registered now, the newest last.
func (d *Directory) Bindings(agent string) []sipua.Binding {
	d.phones.mu.RLock()
	defer d.phones.mu.RUnlock()
	now := d.phones.now()
	return slices.DeleteFunc(slices.Clone(d.phones.known[agent].Bindings), func(b sipua.Binding) bool {
		return !now.Before(b.Until)
	})
}

// Bind writes down where an agent's phone is registered from now on. It waits
// for the store, and must not be called by two goroutines at once.
func (d *Directory) Bind(ctx context.Context, agent string, bindings []sipua.Binding) error {
	text, err := json.Marshal(Registration{bindings})
	if err != nil {
		return fmt.Errorf("registering %s's phone: %w", agent, err)
	}
	d.phones.mu.RLock()
	store, after := d.phones.store, d.phones.known[agent].seq
	d.phones.mu.RUnlock()
	seq, err := store.Put(ctx, phoneKind, agent, text, after)
	if err != nil { // it may have been written all the same, or by somebody else
		_ = d.readPhones(ctx, store) // the error that counts is the first
		return fmt.Errorf("registering %s's phone: %w", agent, err)
	}
	d.phones.mu.Lock()
	defer d.phones.mu.Unlock()
	d.phones.known[agent] = phone{Registration{slices.Clone(bindings)}, seq}
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
