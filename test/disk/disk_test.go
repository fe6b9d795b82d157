package disk

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/journal"
	"holdfast/softphone"
)

// A house is a bed whose journal may fail.
type house struct {
	*holdfasttest.Bed
	t     *testing.T
	began time.Time // when the disk did
}

// open starts a server with its journal in a directory, and the agents ana, ben and carol;
// who calls ben gets ben.
func open(t *testing.T, dir string, change func(*holdfasttest.Bed)) *house {
	t.Helper()
	return &house{t: t, Bed: holdfasttest.Start(t, func(b *holdfasttest.Bed) {
		c := &b.Options.Config
		for _, name := range []string{"ben", "carol"} {
			c.Agents = append(c.Agents, config.Agent{Name: name, Capacity: 1, NoAfterCall: true})
		}
		c.Routes = append([]config.Route{{Called: "ben", Agent: "ben"}}, c.Routes...)
		if c.Journal.Dir = filepath.Join(dir, "journal"); change != nil {
			change(b)
		}
	})}
}

// ask makes a request to the HTTP interface and returns the answer's status, its
// Retry-After and the sentence in it.
func (h *house) ask(method, path, body string) (status int, later, detail string) {
	h.t.Helper()
	url := "http://" + h.Options.Config.API.Listen.String() + path
	r, err := http.NewRequestWithContext(h.Soon(), method, url, strings.NewReader(body))
	must(h.t, err)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err.Error()
	}
	defer answer.Body.Close()
	var p client.Problem
	must(h.t, json.NewDecoder(answer.Body).Decode(&p))
	return answer.StatusCode, answer.Header.Get("Retry-After"), p.Detail
}

// unhealthy waits until /healthz answers 503 with a reason.
func (h *house) unhealthy(reason string) {
	h.t.Helper()
	h.Eventually(func(context.Context) error {
		status, later, detail := h.ask(http.MethodGet, "/healthz", "")
		if status != http.StatusServiceUnavailable || later == "" || !strings.Contains(detail, reason) {
			return fmt.Errorf("/healthz answers %d, Retry-After %q, %q; want 503, %s", status, later, detail, reason)
		}
		return nil
	})
}

// healthy waits until /healthz answers 200, and returns how long that took.
func (h *house) healthy() time.Duration {
	h.t.Helper()
	since := time.Now()
	h.Eventually(func(context.Context) error {
		if status, _, detail := h.ask(http.MethodGet, "/healthz", ""); status != http.StatusOK {
			return fmt.Errorf("/healthz answers %d: %s", status, detail)
		}
		return nil
	})
	return time.Since(since).Round(time.Millisecond)
}

// What ana asks for: a key to be pressed.
const keys, key = "digits", `{"digits":"1"}`

// refused asks for something until that is refused for now, with a sentence.
func (h *house) refused(what, body string) {
	h.t.Helper()
	h.Eventually(func(context.Context) error {
		status, later, detail := h.ask(http.MethodPost, "/v1/contacts/"+string(h.Contact)+"/"+what, body)
		if status == http.StatusServiceUnavailable && later != "" && detail != "" {
			return nil
		}
		return fmt.Errorf("a request is answered with %d, Retry-After %q, %q", status, later, detail)
	})
}

// with: the customer and somebody hear each other.
func (h *house) with(name string) {
	h.t.Helper()
	h.Hears("customer", name)
	h.Hears(name, "customer")
}

// allAlong: since the disk began to fail, who has heard one of sources all the time.
func (h *house) allAlong(who string, sources ...string) {
	h.t.Helper()
	const hiccup = 500 * time.Millisecond // on a busy machine
	var tones []float64
	for _, name := range sources {
		tones = append(tones, h.Tone(name))
	}
	heard := h.Heard(who)
	from, to := heard.At(h.began), heard.Length()
	gap := heard.LongestGapWithin(from, heard.At(time.Now()))
	var silent time.Duration
	for _, s := range heard.Heard(tones...) {
		if len(s.Tones) == 0 {
			silent = max(silent, min(s.To, to)-max(s.From, from))
		}
	}
	h.t.Logf("in %s %s had no packet for %s at most, and did not hear %s for %s at most",
		(to - from).Round(time.Millisecond), who, gap.Round(time.Millisecond), strings.Join(sources, " or "), silent)
	if most := hiccup + machine.Stood(h.began); gap > most || silent > most {
		h.t.Errorf("%s did not hear %s all the time", who, strings.Join(sources, " or "))
	}
}

// goesOn: customer and ana have heard each other all along; a transfer works, also
// over a restart, and in the end everybody is free.
func (h *house) goesOn() {
	h.t.Helper()
	h.allAlong("customer", "ana", "hold audio")
	h.allAlong("ana", "customer")
	h.Eventually(func(ctx context.Context) error { // what was not written before is first
		_, err := h.Client.Transfer(ctx, h.Contact, client.TransferRequest{Target: "cardiology", Key: "once"})
		return err
	})
	h.Rung("cardiology")
	h.with("cardiology")
	h.Ended("ana")
	h.undamaged()
	h.Restart()
	h.with("cardiology")
	h.HangUp("customer")
	over := h.Over()
	if len(over.Past) != 1 || over.Past[0].Outcome != call.Completed {
		h.t.Errorf("the transfers were %+v", over.Past)
	}
	h.undamaged()
}

func (h *house) undamaged() {
	h.t.Helper()
	if damage := h.Server.Damage(); len(damage) > 0 {
		h.t.Errorf("damage: %q", damage)
	}
}

// TestDiskFills: the disk fills while people talk, becomes a little free and full
// again, and is freed.
func TestDiskFills(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	h := open(t, d.dir, nil)
	h.Talk()
	h.healthy()
	h.began = time.Now()
	d.fills()
	second := h.For("second") // the first to find out
	second.Add("second", softphone.Options{})
	unanswered := second.Ring("second", "ben")
	h.unhealthy("no space left on device")
	h.refused("transfers", `{"target":"carol"}`)
	second.HangUp("second")
	d.frees(16 << 10) // too little to begin with
	h.unhealthy("no space left on device")
	d.frees(256 << 10)
	t.Logf("healthy %s after there was a little space", h.healthy())
	d.fills()
	h.refused(keys, key)
	d.freesAll()
	t.Logf("healthy %s after there was space again", h.healthy())
	<-unanswered.Ended()
	h.with("ana")
	h.free("ben", "carol")
	h.goesOn()
}

// free waits until agents are free whom nobody has reached: they are not reserved.
func (h *house) free(agents ...string) {
	h.t.Helper()
	for _, agent := range agents {
		h.Eventually(func(ctx context.Context) error {
			a, err := h.Client.Agent(ctx, agent)
			if err == nil && a.Reservation != nil {
				err = fmt.Errorf("%s is %s", agent, a.State)
			}
			return err
		})
	}
}

// TestStartsWithoutDisk: the disk is full, or read-only, when the server starts. It
// says so, and is ready when the disk is; contacts from before go on.
func TestStartsWithoutDisk(t *testing.T) {
	t.Parallel()
	for _, f := range []struct {
		name, reason string
		begin, end   func(*disk)
	}{
		{"full", "no space left on device", (*disk).fills, (*disk).freesAll},
		{"read-only", "read-only file system", func(d *disk) { d.becomes(readOnly) }, func(d *disk) { d.becomes(well) }},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			d := newDisk(t)
			h := open(t, d.dir, nil)
			h.Talk()
			h.Stop()
			f.begin(d)
			ready := h.starts()
			h.unhealthy(f.reason)
			if status, later, detail := h.ask(http.MethodGet, "/v1/contacts", ""); status != http.StatusServiceUnavailable || later == "" {
				t.Errorf("a request is answered with %d, Retry-After %q, %q", status, later, detail)
			}
			f.end(d)
			must(t, <-ready)
			h.healthy()
			h.with("ana")
			h.began = time.Now()
			h.goesOn()
		})
	}
}

// starts starts the server again; the error comes when it is ready.
func (h *house) starts() <-chan error {
	ready := make(chan error, 1)
	go func() { // ends with the start, which ends with the test
		var err error
		h.Server, err = holdfast.Start(h.t.Context(), h.Options)
		ready <- err
	}()
	return ready
}

// TestJournalGrows: a journal that was opened when little space was free takes as
// much as there is later.
func TestJournalGrows(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	d.fills()
	d.frees(256 << 10)
	j, err := journal.Open(t.Context(), journal.Options{Dir: filepath.Join(d.dir, "journal"), Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	d.freesAll()
	for i := range 10 {
		_, err := j.Put(t.Context(), "phone", fmt.Sprint(i), make([]byte, 64<<10), 0)
		must(t, err)
	}
	must(t, j.Close())
}
