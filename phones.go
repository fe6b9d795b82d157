package holdfast

import (
	"context"
	"iter"
	"sync"

	"holdfast/api"
	"holdfast/config"
	"holdfast/directory"
	"holdfast/sipleg"
	"holdfast/sipua"
)

// slowPhoneReader is how many changes a reader may be behind before it is cut off.
const slowPhoneReader = 64

// phones are the agents' phones for the HTTP interface and the agents' page.
type phones struct {
	config config.Config
	dir    *directory.Directory
	page   *page // nil without a page; set before messages are taken

	mu      sync.Mutex
	readers map[chan api.PhoneEvent]bool
}

func newPhones(c config.Config, dir *directory.Directory) *phones {
	return &phones{config: c, dir: dir, readers: map[chan api.PhoneEvent]bool{}}
}

// Phone implements api.Phones.
func (p *phones) Phone(agent string) api.Phone {
	a, _ := p.config.Agent(agent)
	switch {
	case a.User != "":
	case a.Address != "":
		return api.Phone{Kind: api.Fixed, Address: a.Address}
	default:
		return api.Phone{Kind: api.Browser}
	}
	phone, r := api.Phone{Kind: api.Registers}, p.dir.Registration(a.Name)
	for _, b := range r.Bindings {
		phone.Registrations = append(phone.Registrations, registrationOf(b))
	}
	if r.Lost != nil {
		phone.Lost = &api.LostRegistration{Registration: registrationOf(r.Lost.Binding), At: r.Lost.At, Reason: string(r.Lost.Reason)}
	}
	return phone
}

func registrationOf(b sipua.Binding) api.Registration {
	return api.Registration{Address: b.Address, From: b.From.String(), UserAgent: b.UserAgent, Since: b.Since, Until: b.Until}
}

// Follow implements api.Phones.
func (p *phones) Follow(ctx context.Context) iter.Seq[api.PhoneEvent] {
	events := make(chan api.PhoneEvent, slowPhoneReader)
	p.mu.Lock()
	p.readers[events] = true
	p.mu.Unlock()
	return func(yield func(api.PhoneEvent) bool) {
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.readers, events)
		}()
		for {
			select {
			case e, more := <-events:
				if !more || !yield(e) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// lost reports whether a phone registers and is registered nowhere.
func (p *phones) lost(agent string) bool {
	phone := p.Phone(agent)
	return phone.Kind == api.Registers && len(phone.Registrations) == 0
}

// changed shows a change to the agent's page, and to all who follow.
func (p *phones) changed(c sipleg.PhoneChange) {
	r := registrationOf(c.Binding)
	e := api.PhoneEvent{Agent: c.Account, At: c.At, Registrations: c.Places}
	if c.Lost == "" {
		e.Registered = &r
	} else {
		e.Lost = &api.LostRegistration{Registration: r, At: c.At, Reason: string(c.Lost)}
	}
	if p.page != nil {
		p.page.panel.PhoneChanged(c.Account)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for events := range p.readers {
		select {
		case events <- e:
		default: // too slow
			delete(p.readers, events)
			close(events)
		}
	}
}
