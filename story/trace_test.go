package story

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/call"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/trace.* anew")

// traced is a cold transfer that fails, from just before midnight, as the
// journal has it.
func traced(t *testing.T) []Moment {
	t.Helper()
	at := time.Date(2026, 11, 23, 23, 59, 58, 0, time.UTC)
	c := call.Contact{ID: "c1"}
	var moments []Moment
	for _, m := range []struct {
		after time.Duration
		event call.Event
		lines []string
	}{
		{0, call.Arrived{
			Customer: call.Endpoint{Kind: call.URI, Address: "sip:+4930123@192.0.2.1", Name: "+4930123"},
			Agent:    call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"},
		}, []string{"23:59:58.000 <- INVITE +4930123", "23:59:58.000 -> 180 Ringing (INVITE) +4930123", "23:59:58.000 -> INVITE ana"}},
		{time.Second, call.Answered{Connection: 2}, []string{
			"23:59:59.000 <- 200 OK (INVITE) ana", "23:59:59.000 -> ACK ana", "23:59:59.000 -> 200 OK (INVITE) +4930123",
		}},
		{10 * time.Millisecond, nil, []string{"23:59:59.010 <- ACK +4930123"}},
		{990 * time.Millisecond, call.TransferRequested{
			By: 2, Kind: call.Cold, Target: call.Endpoint{Kind: call.URI, Address: "sip:hd@192.0.2.2", Name: "heart; dept #1"},
		}, []string{"00:00:00.000 -> INVITE heart; dept #1"}},
		{time.Second, call.Failed{Connection: 3, Reason: call.Busy}, []string{
			"00:00:01.000 <- 486 Busy Here (INVITE) heart; dept #1", "00:00:01.000 -> ACK heart; dept #1",
		}},
		{time.Second, call.HungUp{Connection: 1}, []string{"00:00:02.000 <- BYE +4930123", "nonsense", "00:00:02.000 -> BYE ana"}},
	} {
		at = at.Add(m.after)
		now := Moment{At: at, Trace: m.lines}
		if m.event != nil {
			var commands []call.Command
			var err error
			if c, commands, err = call.Step(c, at, m.event); err != nil {
				t.Fatal(err)
			}
			now.Events = []call.Event{m.event}
			for _, command := range commands {
				if tell, ok := command.(call.Notify); ok {
					now.Notified = append(now.Notified, tell)
				}
			}
		}
		now.Contact = c
		moments = append(moments, now)
	}
	return moments
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%s: got\n%swant\n%s%v", name, got, want, err)
	}
}

func TestTrace(t *testing.T) {
	var text strings.Builder
	if err := Trace(&text, traced(t), time.UTC); err != nil {
		t.Fatal(err)
	}
	golden(t, "trace.txt", text.String())
}

func TestMermaid(t *testing.T) { golden(t, "trace.mmd", Mermaid(traced(t))) }

func TestPicture(t *testing.T) {
	svg := Picture("A <cold> transfer", traced(t))
	wellFormed(t, svg)
	golden(t, "trace.svg", svg)
	if Picture("nothing", nil) != "" {
		t.Error("there is a picture of nothing")
	}
}
