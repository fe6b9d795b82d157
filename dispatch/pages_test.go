package dispatch

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

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
				r.AgentsChanged = func(agents []routing.Agent) {
					for _, a := range agents {
						if a.Name != "ana" {
							continue
						}
						states = append(states, a.State)
						if stored := store.agent(t, "ana"); stored.State != a.State {
							t.Errorf("%s is reported, %s is stored", a.State, stored.State)
						}
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
