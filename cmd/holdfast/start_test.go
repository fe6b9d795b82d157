package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/journal"
	"holdfast/switchboard"
)

// A crowd is how many contacts a server comes back to in these measurements.
const crowd = 1000

// TestStartFindsACrowdSoon: a server that was killed knows soon after its start
// whom it has to take over. Much less than the limit is usual; it is one of the
// time in which the server works, so that others on the machine do not count.
func TestStartFindsACrowdSoon(t *testing.T) {
	const limit = 2 * time.Second
	dir := crowded(t)
	for _, before := range []string{"was stopped", "was killed"} {
		took, worked := start(t, dir)
		t.Logf("%d contacts are found %s after the start of a server that %s, in %s of work",
			crowd, took.Round(time.Millisecond), before, worked.Round(time.Millisecond))
		if worked > limit {
			t.Errorf("it worked for %s, more than %s", worked, limit)
		}
	}
}

// BenchmarkStart is the time from the start of a process to the moment at which
// it takes the first of a thousand contacts over. 300 ms are meant to be enough.
func BenchmarkStart(b *testing.B) {
	dir := crowded(b)
	start(b, dir) // from now on, it was killed before
	var all time.Duration
	for b.Loop() {
		took, _ := start(b, dir)
		all += took
	}
	b.ReportMetric(float64(all.Milliseconds())/float64(b.N), "ms/start")
	b.ReportMetric(0, "ns/op") // that has the kill in it, too
}

// crowded is the directory of a journal with a crowd: copies of a real contact
// in which a target rings, each with ports of its own. Nobody is there to be
// called again, for the addresses are nobody's.
func crowded(tb testing.TB) string {
	tb.Helper()
	golden, err := os.ReadFile("testdata/start/reaching.json")
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	j, err := journal.Open(tb.Context(), journal.Options{
		Dir: filepath.Join(dir, "journal"), Owner: "one", SyncInterval: time.Minute, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatal(err)
	}
	for i := range crowd {
		text := strings.NewReplacer(
			"CONTACT", fmt.Sprintf("contact%d", i),
			"PORT1", fmt.Sprint(20000+3*i), "PORT2", fmt.Sprint(20001+3*i), "PORT3", fmt.Sprint(20002+3*i),
		).Replace(string(golden))
		var e switchboard.Entry
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			tb.Fatal(err)
		}
		if _, err := j.Append(tb.Context(), e, 0); err != nil {
			tb.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		tb.Fatal(err)
	}
	config := "[sip]\nlisten = \"127.0.0.1:0\"\n[api]\nlisten = \"127.0.0.1:0\"\n[journal]\ndir = \"journal\"\n"
	if err := os.WriteFile(filepath.Join(dir, "holdfast.toml"), []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// start starts a server, kills it when it has found the crowd, and returns how
// long that took, and for how long the server has worked.
func start(tb testing.TB, dir string) (took, worked time.Duration) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	server := exec.CommandContext(ctx, "holdfast", "serve", "--config", "holdfast.toml")
	server.Dir = dir
	log, err := server.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	began := time.Now()
	if err := server.Start(); err != nil {
		tb.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(log); took == 0 && lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		if strings.Contains(lines.Text(), fmt.Sprintf(`msg="the journal is read" live=%d `, crowd)) {
			took = time.Since(began)
		}
	}
	cancel()
	_ = server.Wait() // it was killed; that is its exit status
	if took == 0 {
		tb.Fatalf("the server has not found the crowd:\n%s", &said)
	}
	return took, server.ProcessState.UserTime() + server.ProcessState.SystemTime()
}
