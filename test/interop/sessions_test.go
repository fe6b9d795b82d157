package interop

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/holdfasttest"
)

// sessionTimers is the configuration of a server that proposes sessions of 3 s, and waits
// 6.4 s for an answer. SIPp takes no INVITE twice, so T1 is long enough for its answer.
func sessionTimers(c *config.Config) {
	c.SIP.SessionExpires, c.SIP.T1 = 3*time.Second, 100*time.Millisecond
}

// Session timers (RFC 4028) with SIPp as the phone of the agent: it is lost when it
// refreshes no more, or does not answer our refresh; one that wants a longer session gets
// it. Only its own line ends.
func TestSIPpSessionTimers(t *testing.T) {
	tests := []struct {
		scenario    string
		messages    string
		lost        string        // why its line is lost; empty: it is not
		least, most time.Duration // how long the call takes then
	}{
		{
			"refreshes", "<INVITE >180 >200 <ACK >UPDATE <200 >INVITE <200 >ACK <BYE >200",
			"the peer has not refreshed the session within 2s", 3900 * time.Millisecond, 7 * time.Second,
		},
		{
			"silent", "<INVITE >180 >200 <ACK <UPDATE >200 <UPDATE <BYE >200",
			"no answer to our UPDATE within 6.4s", 9 * time.Second, 13 * time.Second,
		},
		{"longer", "<INVITE >422 <ACK <INVITE >180 >200 <ACK <BYE >200", "", 0, 0},
	}
	for _, test := range tests {
		t.Run(test.scenario, func(t *testing.T) {
			Need(t, "sipp")
			t.Parallel()
			agent := startSIPp(t, test.scenario, "", agentTone)
			bed := holdfasttest.Start(t, func(b *holdfasttest.Bed) {
				sessionTimers(&b.Options.Config)
				b.Options.Config.Agents[0].Address = agent.URI()
			})
			bed.Dial("customer", "help")
			bed.Find()
			if test.lost == "" {
				bed.HangUp("customer")
			}
			agent.finishes()
			list := strings.Fields(agent.Messages())
			if got := strings.Join(slices.Compact(list), " "); !strings.HasPrefix(got, test.messages) { // and their phone is called again
				t.Errorf("messages: %s\nwant:     %s", got, test.messages)
			}
			if test.lost != "" {
				after, why := lostAgent(t, bed)
				if why != test.lost || after < test.least || after > test.most {
					t.Errorf("the agent was lost %s after the answer: %q, want %q after %s to %s", after, why, test.lost, test.least, test.most)
				}
				bed.HangUp("customer")
			}
			bed.Over()
		})
	}
}

// lostAgent waits until the agent's line is lost, and returns how long after their answer
// that was, and why. The customer must be there still.
func lostAgent(t *testing.T, bed *holdfasttest.Bed) (after time.Duration, why string) {
	t.Helper()
	var answered time.Time
	for e, err := range bed.Client.EventsOf(soon(t), bed.Contact, 0) {
		must(t, err)
		for _, ev := range e.Events {
			switch what := ev.Event.(type) {
			case call.Answered:
				answered = ev.At
			case call.Lost:
				if by := e.Contact.Stage; by == call.Over {
					t.Errorf("the contact ended with the line of connection %d", what.Connection)
				}
				return ev.At.Sub(answered), what.Detail
			}
		}
	}
	return 0, ""
}

// A caller who wants too short a session gets 422 and our minimum, and then the call.
func TestSIPpWantsTooShortASession(t *testing.T) {
	Need(t, "sipp")
	t.Parallel()
	bed := holdfasttest.Start(t, func(b *holdfasttest.Bed) { sessionTimers(&b.Options.Config) })
	dir := t.TempDir()
	file := filepath.Join(dir, "brief.xml")
	f, err := os.Create(file)
	must(t, err)
	all, err := template.ParseFS(scenarios, "scenarios/*.xml")
	must(t, err)
	must(t, errors.Join(all.ExecuteTemplate(f, "brief.xml", struct{ RTP uint16 }{9}), f.Close()))
	p, err := start(dir, "sipp", "-sf", file, "-i", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "20s", "-timeout_error",
		"-trace_err", "-error_file", filepath.Join(dir, "errors"), bed.SIP.String())
	must(t, err)
	defer p.stop()
	<-p.ended
	if faults, _ := os.ReadFile(filepath.Join(dir, "errors")); p.err != nil {
		t.Errorf("sipp: %v\n%s", p.err, faults)
	}
	bed.Idle()
}
