package flood

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/journal"
	"holdfast/switchboard"
)

// crowd is how many customers wait in a queue when the server is killed.
const crowd = 5000

// TestRestart kills a server in which a crowd waits in a queue, and starts it again.
// Those who talk hear each other first, and who calls then gets an answer soon.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	w.trunk.talk = 0
	w.trunk.call("waiting")
	<-time.After(2 * time.Second)
	w.kill()
	w.multiply(crowd)
	from := make([]time.Duration, len(w.calls))
	for i, c := range w.calls {
		from[i] = c.Recording().Length()
	}
	began := time.Now()
	go w.start()
	var all []answer
	for w.log.count("took contacts over") == 0 && time.Since(began) < time.Minute {
		w.trunk.next++
		all = append(all, w.trunk.call("agent-1"))
		<-time.After(100 * time.Millisecond)
	}
	took := time.Since(began)
	<-time.After(time.Second)
	var answers []string
	for _, a := range all {
		after, status := a.answered()
		if after > 100*time.Millisecond || len(answers) < 10 {
			answers = append(answers, fmt.Sprintf("%s:%d", after.Round(time.Millisecond), status))
		}
	}
	for i, c := range w.calls {
		r := c.Recording()
		t.Logf("%d: silence %s", i, r.LongestGapWithin(from[i], r.Length()).Round(time.Millisecond))
	}
	t.Logf("all are taken over %s after the start; callers %v", took.Round(time.Millisecond), answers)
	for _, line := range w.log.lines("read\"", "took contacts", "first claimed", "restored") {
		t.Log(line)
	}
	t.Logf("%d were frozen", w.log.count("is frozen"))
}

// multiply makes so many contacts of the one that waits in a queue.
func (w *world) multiply(n int) {
	w.t.Helper()
	j, err := journal.Open(w.t.Context(), journal.Options{
		Dir: filepath.Join(w.dir, "journal"), Owner: "one", SyncInterval: time.Minute, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var text []byte
	var waits switchboard.Entry
	for e, err := range j.Live(w.t.Context()) {
		if err != nil {
			w.t.Fatal(err)
		}
		if strings.Contains(e.Contact.Called, "waiting") {
			waits = e
		}
	}
	if len(waits.Legs) == 0 {
		w.t.Fatal("nobody waits")
	}
	waits.Step = 1
	delete(waits.Legs, 3) // of the agent who was busy
	if text, err = json.Marshal(waits); err != nil {
		w.t.Fatal(err)
	}
	var port struct{ SDP struct{ At string } }
	if err := json.Unmarshal(waits.Legs[1].Memory, &port); err != nil {
		w.t.Fatal(err)
	}
	_, at, _ := strings.Cut(port.SDP.At, ":")
	callID := header([]byte("\r\nCall-ID: flood-0-"+w.trunk.address()+"\r\n"), "Call-ID")
	for i := range n {
		copied := strings.NewReplacer(
			string(waits.Contact.ID), fmt.Sprint("crowd", i), callID, fmt.Sprint("crowd-", i),
			":"+at, fmt.Sprint(":", 20000+2*i), "audio "+at, fmt.Sprint("audio ", 20000+2*i),
		).Replace(string(text))
		var e switchboard.Entry
		if err := json.Unmarshal([]byte(copied), &e); err != nil {
			w.t.Fatal(err)
		}
		if _, err := j.Append(context.Background(), e, 0); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		w.t.Fatal(err)
	}
}
