package panel

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/routing"
)

// A Session is where an agent is logged in: a browser, or a page at another site that
// embeds ours in it.
type Session struct {
	ID       string // names it among those of the agent; it is not a secret
	Begun    time.Time
	Until    time.Time
	Used     time.Time // last, as far as this process knows
	Embedded bool
	Windows  int // that are connected now
}

// idLength is how much of a token's hash is the ID.
const idLength = 12

// Sessions returns where an agent is logged in, oldest first. It is false for a name
// that no agent who may log in has.
func (p *Panel) Sessions(agent string) ([]Session, bool) {
	s := p.stationOf(agent)
	if s == nil {
		return nil, false
	}
	windows := s.windows()
	return p.sessions.list(s.account.Agent, windows), true
}

// windows counts the connected windows of each session.
func (s *station) windows() map[string]int {
	counted := make(chan map[string]int, 1)
	if !s.do(func() {
		windows := map[string]int{}
		for _, p := range s.pages {
			if p.isThere() {
				windows[p.socket.session]++
			}
		}
		counted <- windows
	}) {
		return nil
	}
	return <-counted
}

// EndSessions ends the session of that ID or, if it is empty, all sessions of an agent,
// and sets an agent without any offline. It closes their windows at once, also in a
// call: the person there may not be the agent. It returns how many have ended.
func (p *Panel) EndSessions(ctx context.Context, agent, id string) (ended int, err error) {
	s := p.stationOf(agent)
	if s == nil {
		return 0, fmt.Errorf("no agent with a login is called %s", agent)
	}
	agent = s.account.Agent
	ended, left, err := p.sessions.end(ctx, agent, id)
	if err != nil || ended == 0 {
		return 0, err
	}
	p.log.Info("sessions were ended by request", "agent", agent, "sessions", ended)
	if left == 0 {
		if err := p.options.Routing.SetStatus(ctx, agent, routing.Status{State: routing.Offline}); err != nil {
			p.log.Warn("an agent whose sessions were ended could not be set offline", "agent", agent, "err", err)
		}
	}
	s.do(s.endSessions)
	return ended, nil
}

// list returns an agent's sessions that go on, oldest first.
func (s *sessions) list(agent string, windows map[string]int) []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Session{}
	for _, x := range s.known[agent] {
		if s.valid(agent, x) {
			all = append(all, Session{
				ID: x.Token[:idLength], Begun: x.Begun, Until: x.Until, Used: s.lastUsed(x), Embedded: x.By != "", Windows: windows[x.Token],
			})
		}
	}
	return all
}

// end ends the session of that ID and those that end with it, or all if it is empty.
func (s *sessions) end(ctx context.Context, agent, id string) (ended, left int, err error) {
	err = s.change(ctx, agent, func(list []session) []session {
		before := len(list)
		family := func(x session) bool { return true }
		if id != "" {
			i := slices.IndexFunc(list, func(x session) bool { return x.Token[:idLength] == id })
			if i < 0 {
				ended, left = 0, before
				return list
			}
			is := list[i].family()
			family = func(x session) bool { return x.family() == is }
		}
		list = slices.DeleteFunc(list, family)
		ended, left = before-len(list), len(list)
		return list
	})
	return ended, left, err
}
