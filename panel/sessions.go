package panel

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"holdfast/switchboard"
)

// sessionKind is the kind of the stored items. There is one item for each agent,
// with all their sessions: items cannot be deleted, so one item for each session
// would grow for ever.
const sessionKind = "session"

const (
	workingDay   = 12 * time.Hour
	lastCall     = 4 * time.Hour // a session does not end in a call, unless it takes this long
	mostSessions = 16            // of one agent; the oldest gives way
)

// sessionList is what is stored of an agent.
type sessionList struct {
	Sessions []session `json:"sessions"`
}

// A session is a browser in which an agent is logged in. Only the hash of its
// token is kept.
type session struct {
	Token string    `json:"token"` // SHA-256, in hex
	Login string    `json:"login"` // of the password hash: a new password ends the session
	Until time.Time `json:"until"`
}

// sessions are all sessions. They are stored, so that they survive a restart.
type sessions struct {
	store  switchboard.Store
	logins map[string]string // the agents, and what session.Login must be
	now    func() time.Time
	busy   func(agent string) bool // the agent is in a call on their page; nil: none is

	writing chan struct{} // holds a value while a list is written

	mu    sync.RWMutex
	known map[string][]session // by agent
	seqs  map[string]uint64
}

func readSessions(ctx context.Context, store switchboard.Store, logins map[string]string, now func() time.Time) (*sessions, error) {
	s := &sessions{store: store, logins: logins, now: now, writing: make(chan struct{}, 1)}
	return s, s.read(ctx)
}

func (s *sessions) read(ctx context.Context) error {
	items, err := s.store.All(ctx, sessionKind)
	if err != nil {
		return fmt.Errorf("reading who is logged in: %w", err)
	}
	known, seqs := map[string][]session{}, map[string]uint64{}
	for _, item := range items {
		var list sessionList
		if err := json.Unmarshal(item.Data, &list); err != nil {
			return fmt.Errorf("reading where %s is logged in: %w", item.Name, err)
		}
		known[item.Name], seqs[item.Name] = list.Sessions, item.Seq
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.seqs = known, seqs
	return nil
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// open begins a session and returns its token.
func (s *sessions) open(ctx context.Context, agent string) (token string, err error) {
	token = rand.Text() + rand.Text() // 260 bits
	err = s.change(ctx, agent, func(list []session) []session {
		list = append(list, session{hashToken(token), s.logins[agent], s.now().Add(workingDay)})
		return list[max(0, len(list)-mostSessions):]
	})
	return token, err
}

// agent returns the agent of the session with that token, and the token's hash.
func (s *sessions) agent(token string) (agent, hash string, ok bool) {
	hash = hashToken(token)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for agent, list := range s.known {
		if slices.ContainsFunc(list, func(x session) bool { return x.Token == hash && s.valid(agent, x) }) {
			return agent, hash, true
		}
	}
	return "", "", false
}

// holds reports whether an agent's session of that hash goes on.
func (s *sessions) holds(agent, hash string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.ContainsFunc(s.known[agent], func(x session) bool { return x.Token == hash && s.valid(agent, x) })
}

// revoke ends the session of that hash.
func (s *sessions) revoke(ctx context.Context, agent, hash string) error {
	return s.change(ctx, agent, func(list []session) []session {
		return slices.DeleteFunc(list, func(x session) bool { return x.Token == hash })
	})
}

func (s *sessions) valid(agent string, x session) bool {
	login, known := s.logins[agent]
	until := x.Until
	if s.busy != nil && s.busy(agent) {
		until = until.Add(lastCall)
	}
	return known && login == x.Login && s.now().Before(until)
}

// change edits and writes an agent's sessions, and drops expired ones. If another
// server has written in between, it reads them again first.
func (s *sessions) change(ctx context.Context, agent string, edit func([]session) []session) error {
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return fmt.Errorf("writing where %s is logged in: %w", agent, ctx.Err())
	}
	err := s.write(ctx, agent, edit)
	if errors.Is(err, switchboard.ErrFenced) {
		if err = s.read(ctx); err == nil {
			err = s.write(ctx, agent, edit)
		}
	}
	if err != nil {
		return fmt.Errorf("writing where %s is logged in: %w", agent, err)
	}
	return nil
}

func (s *sessions) write(ctx context.Context, agent string, edit func([]session) []session) error {
	s.mu.RLock()
	list, after := slices.Clone(s.known[agent]), s.seqs[agent]
	s.mu.RUnlock()
	list = edit(slices.DeleteFunc(list, func(x session) bool { return !s.valid(agent, x) }))
	data, err := json.Marshal(sessionList{list})
	if err != nil {
		return err
	}
	seq, err := s.store.Put(ctx, sessionKind, agent, data, after)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[agent], s.seqs[agent] = list, seq
	return nil
}
