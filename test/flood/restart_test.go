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
	"holdfast/softphone"
	"holdfast/switchboard"
)

// crowd is how many customers wait in a queue when the server is killed.
const crowd = 5000

// TestRestart kills a server in which a crowd waits in a queue, and starts it again.
// Those who talk hear each other before the crowd is there, and from then on who calls
// gets an answer at once.
func TestRestart(t *testing.T) {
	const limit = 2 * time.Second
	wanted(t)
	w := newWorld(t)
	w.trunk.talk = 0
	w.trunk.call("waiting")
	<-time.After(2 * time.Second) // after one they are answered, and hear queue audio
	w.kill()
	w.multiply(crowd)
	began := time.Now()
	took := w.start()
	worked := w.worked()
	t.Logf("a server with %d contacts in a queue was ready %s after its start, in %s of work", crowd, took.Round(time.Millisecond), worked)
	if min(took, worked) > limit { // others on the machine do not count
		t.Errorf("it worked for %s, more than %s", worked, limit)
	}
	if !w.log.await(fmt.Sprint(`msg="took contacts over" contacts=`, crowd+1+talkers)) {
		t.Errorf("not all were taken over: %q", w.log.lines("took contacts over"))
	}
	o := w.during(time.Second, func() []answer {
		return w.trunk.flood(20, time.Second, func(n int) string { return fmt.Sprint("agent-", n%agents) })
	})
	t.Logf("while the crowd is written down: %s", o)
	if o.silent+o.late+o.lost+o.frozen > 0 {
		t.Errorf("somebody who talks lost a packet, somebody who called was not answered within %s, or a contact froze", answeredWithin)
	}
	for _, c := range w.calls {
		heard := firstAfter(c.Recording(), began)
		t.Logf("one who talks hears the other %s after the start", heard.Round(time.Millisecond))
		if heard > took {
			t.Error("they waited for the crowd")
		}
	}
}

// firstAfter returns how long after a moment something was heard.
func firstAfter(r *softphone.Recording, moment time.Time) time.Duration {
	from := r.At(moment)
	for _, at := range r.Packets() {
		if at > from {
			return at - from
		}
	}
	return time.Hour
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
