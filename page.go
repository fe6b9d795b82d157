package holdfast

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"holdfast/api"
	"holdfast/call"
	"holdfast/config"
	"holdfast/directory"
	"holdfast/dispatch"
	"holdfast/panel"
	"holdfast/routing"
	"holdfast/sipleg"
	"holdfast/switchboard"
	"holdfast/webleg"
)

// A page is the agents' page, and the lines of those whose page is their phone.
type page struct {
	panel *panel.Panel
	legs  *webleg.Legs
	http  *http.Server
	addr  netip.AddrPort
}

// openPage makes the page of a configuration in which agents log in; nil if none
// does. It serves nothing yet.
func (s *Server) openPage(c config.Config, dir *directory.Directory) (*page, error) {
	accounts := accounts(c)
	if len(accounts) == 0 || !c.Panel.Listen.IsValid() {
		return nil, nil
	}
	p := &page{}
	var err error
	if p.legs, err = webleg.Start(webleg.Options{
		Address: c.Panel.Media, UDPOnly: !c.Panel.MediaTCP, Engine: s.engine, Board: s.board, Log: s.log,
		Present: func(agent string) bool { return p.panel.Present(agent) },
	}); err != nil {
		return nil, fmt.Errorf("%w ([panel] media sets the address)", err)
	}
	if p.panel, err = panel.New(panel.Options{
		Board: s.board, Routing: s.dispatcher, Directory: dir, Lines: p.legs, Store: s.journal, Accounts: accounts,
		Origins: c.Panel.Origins, NotReady: c.Panel.NotReady, MaskInternal: c.Panel.MaskInternal, Names: names(c, c.Panel.Listen),
		Recognised: recognised, PhoneLost: s.agentPhones.lost,
		SessionFor: c.Panel.SessionFor, IdleFor: c.Panel.IdleFor, Log: s.log,
	}); err != nil {
		return nil, errors.Join(err, p.legs.Close())
	}
	return p, nil
}

// accounts are the agents who log in to the page.
func accounts(c config.Config) []panel.Account {
	var all []panel.Account
	for _, a := range c.Agents {
		if !a.Login.IsZero() {
			all = append(all, panel.Account{Agent: a.Name, Login: a.Login, Desk: a.HasPhone()})
		}
	}
	return all
}

// serve begins to serve the page.
func (p *page) serve(s *Server, c config.Config) error {
	l, err := net.Listen("tcp", c.Panel.Listen.String())
	if err != nil {
		return fmt.Errorf("listening for the agents' page at %s: %w ([panel] listen sets the address)", c.Panel.Listen, err)
	}
	p.addr = l.Addr().(*net.TCPAddr).AddrPort()
	p.http = httpServer(s.strictly(p.panel.Handler()), s.log)
	p.http.WriteTimeout = responseWithin
	go func() { // ends with close
		if err := p.http.Serve(s.overTLS(httpDoor(l))); !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("serving the agents' page: %w", err))
		}
	}()
	return nil
}

// close ends the page; its legs end with closeLegs, after the desks.
func (p *page) close() error {
	if p == nil {
		return nil
	}
	var err error
	if p.http != nil {
		err = p.http.Close()
	}
	p.panel.Close()
	return err
}

func (p *page) closeLegs() error {
	if p == nil {
		return nil
	}
	return p.legs.Close()
}

// legs makes the legs of all kinds: web legs for agents whose page is their phone,
// SIP legs for all other endpoints.
type legs struct {
	sip    *sipleg.Legs
	page   *page // nil without a page
	config config.Config
}

// Dial implements switchboard.Legs.
func (l legs) Dial(id call.ContactID, epoch uint16, d call.Dial) (switchboard.Leg, error) {
	if l.page != nil && d.To.Kind == call.AgentEndpoint {
		if a, ok := l.config.Agent(d.To.Address); ok && !a.HasPhone() {
			return l.page.legs.Dial(id, epoch, d)
		}
	}
	return l.sip.Dial(id, epoch, d)
}

// Restore implements switchboard.Legs.
func (l legs) Restore(id call.ContactID, connection call.ConnectionID, epoch uint16, m switchboard.LegMemory) (switchboard.Leg, error) {
	if l.page != nil && m.Kind == webleg.Kind {
		return l.page.legs.Restore(id, connection, epoch, m)
	}
	return l.sip.Restore(id, connection, epoch, m)
}

// router is the dispatcher, and reports changes to the page.
type router struct {
	*dispatch.Dispatcher
	page *page // nil without a page; set before the first contact
}

// Changed implements switchboard.Router.
func (r *router) Changed(c call.Contact, events []call.Timed) {
	r.Dispatcher.Changed(c, events)
	if r.page != nil {
		r.page.panel.ContactChanged(c, events)
	}
}

// agentChanged shows the page how an agent is.
func (r *router) agentChanged(a routing.Agent) {
	if r.page != nil {
		r.page.panel.AgentChanged(a)
	}
}

// sessions are those of the page, for the HTTP interface.
type sessions struct{ *panel.Panel }

// Sessions implements api.Sessions.
func (s sessions) Sessions(agent string) ([]api.Session, bool) {
	list, known := s.Panel.Sessions(agent)
	var all []api.Session
	for _, x := range list {
		all = append(all, api.Session(x))
	}
	return all, known
}
