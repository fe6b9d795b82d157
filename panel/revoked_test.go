package panel

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
	"holdfast/routing"
)

// This file ends sessions whose windows do what they can to stay: a stolen login must
// be of no use once it is ended.

// endSessions ends ana's sessions, and returns what was done to lines because of it.
func (w *world) endSessions(t *testing.T) string {
	t.Helper()
	synctest.Wait()
	before := len(w.noted())
	if n, err := w.panel.EndSessions(t.Context(), "ana", ""); n != 1 || err != nil {
		t.Fatalf("ended %d sessions, %v", n, err)
	}
	synctest.Wait()
	return w.noted()[before:]
}

// A window that has dropped its connection, and only that, has audio.
func TestRevokedWithoutConnection(t *testing.T) {
	for name, later := range map[string]time.Duration{"at once": 0, "after the audio was free": audioAfter + time.Second, "after the window was forgotten": 2 * keepPage} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				ana := talking(t, w)
				ana.says(offer{ContactID: "c1_2", Number: 1, SDP: "v=0"})
				ana.s.do(func() { ana.s.left(ana.socket, false) })
				pass(later)
				if got := w.endSessions(t); !strings.Contains(got, "Disconnect c1_2") {
					t.Errorf("noted %q: the audio goes on", got)
				}
			})
		})
	}
}

// A window that holds its audio back can send some later.
func TestRevokedWhileAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		ana.says(offer{ContactID: "c1_2", Number: 1, SDP: "v=0"})
		w.post("c1", call.Lost{Connection: 2, MayReturn: true})
		if got := w.endSessions(t); !strings.Contains(got, "Disconnect c1_2") {
			t.Errorf("noted %q: the audio can come back", got)
		}
	})
}

// Audio of another login of the same agent goes on.
func TestRevokedBesides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		ana.says(offer{ContactID: "c1_2", Number: 1, SDP: "v=0"})
		if _, err := w.panel.sessions.open(t.Context(), "ana"); err != nil {
			t.Fatal(err)
		}
		list, _ := w.panel.Sessions("ana")
		if n, err := w.panel.EndSessions(t.Context(), "ana", list[1].ID); n != 1 || err != nil {
			t.Fatalf("ended %d sessions, %v", n, err)
		}
		synctest.Wait()
		if got := w.noted(); strings.Contains(got, "Disconnect") {
			t.Errorf("noted %q", got)
		}
	})
}

// Requests that wait for their turn are not performed any more.
func TestRevokedWithRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		slow := make(chan struct{})
		w.mu.Lock()
		w.slow = slow
		w.mu.Unlock()
		ana.asks("muteParticipant", map[string]any{"contactId": "c1_2", "connectionId": "c1_2"})
		ana.asks("putAgentState", map[string]any{"state": map[string]any{"type": "not_routable", "name": "Lunch"}})
		w.endSessions(t)
		close(slow)
		synctest.Wait()
		if a, _ := w.dispatcher.Agent("ana"); a.Next.State != routing.Offline {
			t.Errorf("ana wants to be %s %s next: a request was performed", a.Next.State, a.Next.Reason)
		}
	})
}

// A login gives way together with its embedded pages, which could not be ended with it
// afterwards. The login that asks for a token stays.
func TestOldestLoginGivesWay(t *testing.T) {
	b := browse(t, newWorld(t, nil))
	b.logIn("ana", "sesame")
	token, frame := b.token(), b.another()
	for range mostSessions - 1 {
		b.another().logIn("ana", "sesame")
	}
	if cookie, embedded := b.shows(), frame.shows("Authorization", "Bearer "+token); cookie != 401 || embedded != 401 {
		t.Errorf("the oldest login: %d, its embedded page: %d", cookie, embedded)
	}
	last := b.another()
	last.logIn("ana", "sesame")
	for range mostEmbedded {
		if status := frame.shows("Authorization", "Bearer "+last.token()); status != 200 {
			t.Errorf("an embedded page of the last login: %d", status)
		}
	}
}

// Another server has written in between, and knows the login that this one has
// forgotten. The token that is handed out is the one that counts.
func TestTokenAfterAnotherServerWrote(t *testing.T) {
	w := newWorld(t, nil)
	browser := w.session(t, "ana")
	s := w.panel.sessions
	s.mu.Lock()
	s.known["ana"], s.seqs["ana"] = nil, s.seqs["ana"]-1
	s.mu.Unlock()
	token, err := s.embed(t.Context(), "ana", browser, "holdfast.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if agent, _, ok := s.agent(token, "holdfast.example.com"); token == "" || agent != "ana" {
		t.Errorf("the token %q is that of %q (%v)", token, agent, ok)
	}
}
