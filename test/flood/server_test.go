// Package flood sends a server far more than it can do, and makes sure that those who
// talk do not notice. It holds tests only.
package flood

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast"
	"holdfast/config"
)

// configEnv names the configuration of a server, which is a process of its own: this
// test binary.
const configEnv = "HOLDFAST_FLOOD_CONFIG"

// floodEnv has the tests run at all: they need the machine for themselves. "long" has
// them take their time; "disk" has the journal on a real disk as well, and not in memory
// behind a disk that takes writeFor for each write.
const floodEnv = "HOLDFAST_FLOOD"

func wanted(t *testing.T) {
	t.Helper()
	if os.Getenv(floodEnv) == "" {
		t.Skipf("%s is not set", floodEnv)
	}
}

func isLong() bool { return isReal() || os.Getenv(floodEnv) == "long" }

func isReal() bool { return os.Getenv(floodEnv) == "disk" }

func TestMain(m *testing.M) {
	if file := os.Getenv(configEnv); file != "" {
		if err := serve(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve runs a server until its standard input ends, at the latest with the process
// that has started it.
func serve(file string) error {
	conf, err := config.Load(file)
	if err != nil {
		return err
	}
	o := holdfast.Options{Config: conf, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if !isReal() {
		o.OpenJournal = func(ctx context.Context) (holdfast.Journal, error) { return openSlow(ctx, o) }
	}
	server, err := holdfast.Start(context.Background(), o)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Close(ctx)
}

// A server is one in a process of its own, with its configuration and what it logs.
type server struct {
	t       *testing.T
	dir     string
	sip     netip.AddrPort
	api     netip.AddrPort
	process *exec.Cmd
	in      io.Closer
	log     logged
}

// configured returns a server that is not started, with these people.
func configured(t *testing.T, people string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), sip: freeAddress(t), api: freeAddress(t)}
	s.inMemory()
	text := fmt.Sprintf("[journal]\ndir = %q\n[sip]\nlisten = %q\n[api]\nlisten = %q\n[panel]\nlisten = \"\"\n%s",
		filepath.Join(s.dir, "journal"), s.sip, s.api, people)
	if err := os.WriteFile(s.file(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// inMemory moves the server into memory, if there is such a place and no real disk is
// wanted.
func (s *server) inMemory() {
	if isReal() {
		return
	}
	if dir, err := os.MkdirTemp("/dev/shm", "holdfast-flood"); err == nil {
		s.dir = dir
		s.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	}
}

func (s *server) file() string { return filepath.Join(s.dir, "holdfast.toml") }

// start starts the server and returns how long that took.
func (s *server) start() time.Duration {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	s.process = exec.Command(self)
	s.process.Env = append(os.Environ(), configEnv+"="+s.file())
	s.process.Stderr = &s.log
	in, err := s.process.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := s.process.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	began := time.Now()
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.in = in
	s.t.Cleanup(s.kill)
	if said := bufio.NewScanner(out); !said.Scan() {
		s.t.Fatalf("the server does not start:\n%s", s.log.text())
	}
	return time.Since(began)
}

// worked is for how long the server has worked. On other systems than Linux it is not known.
func (s *server) worked() time.Duration {
	const tick = 10 * time.Millisecond // of /proc, everywhere
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0
	}
	var user, system int
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		s.t.Fatal(err)
	}
	return time.Duration(user+system) * tick
}

// kill ends the server without a goodbye.
func (s *server) kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait() // it was killed; that is its exit status
	_ = s.in.Close()
	s.process = nil
}

// logged is what a server logs.
type logged struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write implements io.Writer.
func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

func (l *logged) count(text string) int { return strings.Count(l.text(), text) }

// await reports whether a text is in the log, or comes within a second: standard error
// arrives after standard output at times.
func (l *logged) await(text string) bool {
	for limit := time.Now().Add(time.Second); l.count(text) == 0; {
		if time.Now().After(limit) {
			return false
		}
		<-time.After(5 * time.Millisecond)
	}
	return true
}

// lines are some of those that contain one of these.
func (l *logged) lines(any ...string) (found []string) {
	const most, longest = 20, 250
	for line := range strings.Lines(l.text()) {
		contains := func(text string) bool { return strings.Contains(line, text) }
		if slices.ContainsFunc(any, contains) && len(found) < most {
			found = append(found, strings.TrimSpace(line[:min(len(line), longest)]))
		}
	}
	return found
}

func freeAddress(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}
