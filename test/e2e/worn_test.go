package e2e

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

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

// TestWornContact: an agent tries twenty targets after the other who are all dead,
// time and again. What an entry takes stays what it was, nothing that came on a line
// is dropped, and in the end the agent is told that it is enough.
func TestWornContact(t *testing.T) {
	for _, parallel := range []bool{false, true} {
		t.Run(fmt.Sprintf("parallel %v", parallel), func(t *testing.T) {
			endpoints, names := dead(20)
			log := &lockedBuffer{}
			h, s := weighing(t, func(b *holdfasttest.Bed) {
				b.Options.Config.Endpoints = append(b.Options.Config.Endpoints, endpoints...)
				b.Options.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
			})
			h.Talk()
			began := time.Now()
			var refused error
			for i := range 18 {
				if _, refused = h.Client.Transfer(h.Soon(), h.Contact, client.TransferRequest{Target: names[0], Others: names[1:], Parallel: parallel}); refused != nil {
					t.Log(i, refused)
					break
				}
				h.Await(func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) == i+1 })
			}
			t.Log(time.Since(began))
			s.report(t, "a contact of many transfers")
			for line := range strings.Lines(log.String()) {
				if !strings.Contains(line, "unreachable") {
					t.Log(line)
				}
			}
			h.goodbye()
		})
	}
}
