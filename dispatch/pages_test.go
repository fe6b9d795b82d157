package dispatch

import (
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/password"
	"holdfast/routing"
	"holdfast/switchboard"
)

// An agent whose page is gone is away, then offline; one who comes back in time
// is as before. Each change is reported once it is stored.
func TestPageIsLost(t *testing.T) {
	for _, test := range []struct {
		name string
		gone time.Duration
		want []routing.AgentState
	}{
		{"back in time", 29 * time.Second, []routing.AgentState{routing.Away, routing.Available}},
		{"back too late", 31 * time.Second, []routing.AgentState{routing.Away, routing.Offline}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &fakeStore{kept: map[string]switchboard.Item{}}
				r := newRota(t, store)
				var states []routing.AgentState
				r.AgentChanged = func(a routing.Agent) {
					if a.Name != "ana" {
						return
					}
					states = append(states, a.State)
					if stored := store.agent(t, "ana"); stored.State != a.State {
						t.Errorf("%s is reported, %s is stored", a.State, stored.State)
					}
				}
				r.Begin(nil)
				synctest.Wait()
				states = nil
				r.Lost("ana")
				<-time.After(test.gone)
				r.Back("ana")
				synctest.Wait()
				if !slices.Equal(states, test.want) {
					t.Errorf("ana was %v, want %v", states, test.want)
				}
				r.Close()
			})
		})
	}
}

// An agent who is new is available, unless there is no way to ring them before
// they have logged in.
func TestNewAgents(t *testing.T) {
	login, err := password.New("hand over")
	if err != nil {
		t.Fatal(err)
	}
	conf := config.Config{Agents: []config.Agent{
		{Name: "phone", Address: "sip:phone@192.0.2.7"},
		{Name: "page", Login: login},
		{Name: "both", Address: "sip:both@192.0.2.7", Login: login},
	}}
	k, err := New(t.Context(), conf, &fakeStore{kept: map[string]switchboard.Item{}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	for agent, want := range map[string]routing.AgentState{"phone": routing.Available, "page": routing.Offline, "both": routing.Available} {
		if a, _ := k.Agent(agent); a.Status.State != want {
			t.Errorf("%s is %s, want %s", agent, a.Status.State, want)
		}
	}
}

// The agent of a customer who comes back is unreachable while their page is gone,
// and busy while they have another customer.
func TestWhyNoRecall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRota(t, &fakeStore{kept: map[string]switchboard.Item{}})
		r.Begin(nil)
		r.Changed(talks("dora", "ben"), nil)
		r.Lost("ana")
		for agent, want := range map[string]call.Reason{"ana": call.Unreachable, "ben": call.Busy} {
			var why *switchboard.DialError
			if err := r.Reserve(rungBack("carol", agent), 4); !errors.As(err, &why) || why.Reason != want {
				t.Errorf("%s: %v, want %s", agent, err, want)
			}
		}
		r.Close()
	})
}
