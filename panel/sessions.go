package panel

import (
	"cmp"
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
	workingDay   = 12 * time.Hour // how long a session lasts, and
	longBreak    = 2 * time.Hour  // how long without being used, unless Options set another time
	lastCall     = 4 * time.Hour  // a session does not end in a call, unless it takes this long
	mostSessions = 16             // of one agent; the oldest login gives way
	mostEmbedded = 8              // of them by one login; the oldest gives way
)

// sessionList is the stored sessions of an agent.
type sessionList struct {
	Sessions []session `json:"sessions"`
}

// A session is a browser in which an agent is logged in, or a page embedded there
// that gets no cookie and has a token instead. Only the hash of the token is kept.
type session struct {
	Token string    `json:"token"` // SHA-256, in hex
	Login string    `json:"login"` // of the password hash: a new password ends the session
	Begun time.Time `json:"begun"`
	Until time.Time `json:"until"`

	// Of an embedded page:
	By   string `json:"by,omitempty"`   // the hash of the browser's session that asked for this one
	Host string `json:"host,omitempty"` // where it counts
}

// family is the same for a browser's session and those of its embedded pages, which
// are used and end together.
func (x session) family() string { return cmp.Or(x.By, x.Token) }

// sessions are all sessions. They are stored, so that they survive a restart. When
// they were used last is not: after a restart, all count as just used.
type sessions struct {
	store  switchboard.Store
	logins map[string]string // the agents, with the value that session.Login must have
	now    func() time.Time
	busy   func(agent string) bool // the agent is in a call on their page; nil: none is
	length time.Duration           // of a session
	idle   time.Duration           // how long it lasts without being used

	writing chan struct{} // holds a value while a list is written

	mu    sync.Mutex
	known map[string][]session // by agent
	seqs  map[string]uint64
	used  map[string]time.Time // by family
	began time.Time
}

func readSessions(ctx context.Context, o Options, logins map[string]string) (*sessions, error) {
	s := &sessions{
		store: o.Store, logins: logins, now: o.Now, length: o.SessionFor, idle: o.IdleFor,
		writing: make(chan struct{}, 1), used: map[string]time.Time{}, began: o.Now(),
	}
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

// open begins a session of a browser and returns its token.
func (s *sessions) open(ctx context.Context, agent string) (token string, err error) {
	token = newToken()
	return token, s.change(ctx, agent, func(list []session) []session {
		now := s.now()
		return add(list, session{Token: hashToken(token), Login: s.logins[agent], Begun: now, Until: now.Add(s.length)})
	})
}

// embed begins a session of a page that is embedded in the browser whose session has
// that hash, and returns its token, or "" if that session has ended. The session ends
// with that of the browser.
func (s *sessions) embed(ctx context.Context, agent, by, host string) (token string, err error) {
	err = s.change(ctx, agent, func(list []session) []session { // once more if another server has written
		i := slices.IndexFunc(list, func(x session) bool { return x.Token == by })
		if i < 0 {
			token = ""
			return list
		}
		token = newToken()
		x := list[i]
		x.Token, x.Begun, x.By, x.Host = hashToken(token), s.now(), by, host
		return add(slices.DeleteFunc(list, surplus(list, by)), x)
	})
	return token, err
}

// add appends a session. If there are too many then, the oldest of another login gives
// way, together with all others of that login.
func add(list []session, x session) []session {
	list = append(list, x)
	for len(list) > mostSessions {
		i := slices.IndexFunc(list, func(y session) bool { return y.family() != x.family() })
		oldest := list[i].family() // there is one, because one login has at most mostEmbedded+1
		list = slices.DeleteFunc(list, func(y session) bool { return y.family() == oldest })
	}
	return list
}

// surplus picks the oldest embedded pages of a browser's session, so that there is
// room for another.
func surplus(list []session, by string) func(session) bool {
	over := 1 - mostEmbedded
	for _, x := range list {
		if x.By == by {
			over++
		}
	}
	return func(x session) bool {
		if x.By != by || over <= 0 {
			return false
		}
		over--
		return true
	}
}

func newToken() string { return rand.Text() + rand.Text() } // 260 bits

// agent returns the agent of the session with that token, and the token's hash. A
// cookie has no host. The token of an embedded page counts only where it was given
// out, and never as a cookie; that of a cookie counts as nothing else.
func (s *sessions) agent(token, host string) (agent, hash string, ok bool) {
	hash = hashToken(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	for agent := range s.known {
		if x, ok := s.find(agent, hash); ok && x.Host == host {
			s.used[x.family()] = s.now()
			return agent, hash, true
		}
	}
	return "", "", false
}

// holds reports whether an agent's session of that hash goes on, and uses it.
func (s *sessions) holds(agent, hash string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.find(agent, hash)
	if ok {
		s.used[x.family()] = s.now()
	}
	return ok
}

// ended reports whether an agent's session of that hash has ended. It does not use it.
func (s *sessions) ended(agent, hash string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.find(agent, hash)
	return !ok
}

// find returns an agent's session of that hash, if it goes on. The caller holds mu.
func (s *sessions) find(agent, hash string) (session, bool) {
	list := s.known[agent]
	i := slices.IndexFunc(list, func(x session) bool { return x.Token == hash && s.valid(agent, x) })
	if i < 0 {
		return session{}, false
	}
	return list[i], true
}

// revoke ends the session of that hash, and those that end with it.
func (s *sessions) revoke(ctx context.Context, agent, hash string) error {
	return s.change(ctx, agent, func(list []session) []session {
		i := slices.IndexFunc(list, func(x session) bool { return x.Token == hash })
		if i < 0 {
			return list
		}
		family := list[i].family()
		return slices.DeleteFunc(list, func(x session) bool { return x.family() == family })
	})
}

// valid reports whether a session goes on. The caller holds mu.
func (s *sessions) valid(agent string, x session) bool {
	if login, known := s.logins[agent]; !known || login != x.Login {
		return false
	}
	until := x.Until
	if s.busy != nil && s.busy(agent) {
		return s.now().Before(until.Add(lastCall))
	}
	return s.now().Before(until) && s.now().Sub(s.lastUsed(x)) < s.idle
}

// lastUsed is when a session was used last. The caller holds mu.
func (s *sessions) lastUsed(x session) time.Time {
	if used, ok := s.used[x.family()]; ok {
		return used
	}
	if x.Begun.After(s.began) {
		return x.Begun
	}
	return s.began
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
	s.mu.Lock()
	list, after := slices.Clone(s.known[agent]), s.seqs[agent]
	list = slices.DeleteFunc(list, func(x session) bool { return !s.valid(agent, x) })
	s.mu.Unlock()
	list = edit(list)
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
	for _, x := range s.known[agent] {
		if !slices.ContainsFunc(list, func(y session) bool { return y.family() == x.family() }) {
			delete(s.used, x.family())
		}
	}
	s.known[agent], s.seqs[agent] = list, seq
	return nil
}
