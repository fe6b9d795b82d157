package e2e

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/holdfasttest"
)

// dead are endpoints of which none can be reached.
func dead(n int) (all []config.Endpoint, names []string) {
	for i := range n {
		name := fmt.Sprint("dead", i)
		all = append(all, config.Endpoint{Name: name, Address: fmt.Sprintf("sip:%s@127.0.0.1:9", name)})
		names = append(names, name)
	}
	return all, names
}

// TestWornContact: an agent tries twenty targets who are all dead, time and again.
// Nothing that comes on a line is dropped, what an entry takes is bounded, and in
// the end the agent is told that it is enough. The customer hears audio all the time.
func TestWornContact(t *testing.T) {
	for _, parallel := range []bool{false, true} {
		t.Run(fmt.Sprintf("parallel %v", parallel), func(t *testing.T) {
			t.Parallel()
			endpoints, names := dead(20)
			log := &lockedBuffer{}
			h, s := weighing(t, func(b *holdfasttest.Bed) {
				b.Options.Config.Endpoints = append(b.Options.Config.Endpoints, endpoints...)
				b.Options.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
			})
			h.Talk()
			ask := client.TransferRequest{Target: names[0], Others: names[1:], Parallel: parallel, Resume: true}
			var refused error
			transfers := 0
			for ; transfers < 18; transfers++ {
				if _, refused = h.Client.Transfer(h.Soon(), h.Contact, ask); refused != nil {
					break
				}
				h.Await(func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) == transfers+1 })
			}
			var problem *client.Problem
			if !errors.As(refused, &problem) || problem.Code != call.TooManyAttempts || transfers != 10 {
				t.Errorf("after %d transfers: %v, want %s", transfers, refused, call.TooManyAttempts)
			}
			largest, all := s.report(t, fmt.Sprintf("a contact of %d transfers to 20 dead targets", transfers))
			if largest > 600_000 || all > 4_000_000 {
				t.Error("it takes too much")
			}
			for _, bad := range []string{"flooded", "frozen"} {
				if strings.Contains(log.String(), bad) {
					t.Errorf("a contact was %s: %s", bad, log)
				}
			}
			h.Hears("customer", "ana")
			h.goodbye()
		})
	}
}
