package browser

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"holdfast"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// configEnv names the configuration of the server that this program is in a
// process of its own.
const configEnv = "HOLDFAST_BROWSER_CONFIG"

// machine measures for how long the machine has stood still, for which no server is
// to blame.
var machine holdfasttest.Pulse

// atOnce is how many scenes are played at the same time, whatever the number of
// processors: most of the time they wait.
const atOnce = 3

func TestMain(m *testing.M) {
	if file := os.Getenv(configEnv); file != "" {
		if err := run(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	go machine.Beat(context.Background()) // ends with the process
	os.Exit(Main(m))
}

// run runs a server until its standard input ends, which it does at the latest
// with the test.
func run(file string) error {
	conf, err := config.Load(file)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	server, err := holdfast.Start(context.Background(), holdfast.Options{Config: conf, Log: log})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return server.Close(context.Background())
}

// A server is one in a process of its own, which can be killed. Nothing else is in
// its network, so it listens where it is configured to.
type server struct {
	t       testing.TB
	dir     string
	process *exec.Cmd
	stdin   io.Closer
}

// startServer starts a server with a configuration and a new journal. It ends with
// the test.
func startServer(t testing.TB, toml string) *server {
	t.Helper()
	Need(t)
	s := &server{t: t, dir: inMemory(t)}
	toml += fmt.Sprintf("\n[journal]\ndir = %q\n", filepath.Join(s.dir, "journal"))
	if err := os.WriteFile(s.file("holdfast.toml"), []byte(toml), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	s.start()
	return s
}

// inMemory is a new directory that is not on a disk, if there is such a place. What a
// kill leaves behind is the same there, and nobody else's files must be written first.
func inMemory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "holdfast-browser") //nolint:usetesting // t.TempDir may be on a disk
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (s *server) file(name string) string { return filepath.Join(s.dir, name) }

// start starts a process, and waits until it is ready.
func (s *server) start() {
	s.t.Helper()
	log, err := os.OpenFile(s.file("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	p := exec.Command(os.Args[0])
	p.Env = append(os.Environ(), configEnv+"="+s.file("holdfast.toml"))
	p.Stderr = log
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := p.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	stdout, err := p.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.process, s.stdin = p, stdin
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		s.t.Fatalf("the server does not start: %q, %v\n%s", line, err, s.log())
	}
}

// kill kills the process, as kill -9 does.
func (s *server) kill() {
	s.t.Helper()
	_ = s.process.Process.Kill() // it may have ended
	err := s.process.Wait()
	s.process = nil
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		s.t.Fatalf("the server has ended before: %v\n%s", err, s.log())
	}
}

// stop ends the process in good order.
func (s *server) stop() {
	s.t.Helper()
	if s.process == nil {
		return
	}
	_ = s.stdin.Close()
	if err := s.process.Wait(); err != nil {
		s.t.Errorf("the server ends: %v", err)
	}
	if s.t.Failed() {
		s.t.Logf("the log of the server:\n%s", s.log())
	}
}

func (s *server) log() string {
	text, err := os.ReadFile(s.file("log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// A server that is killed and started again goes on with a call.
func TestServer(t *testing.T) {
	Need(t)
	start := func(user string, tone float64) *softphone.Phone {
		phone, err := softphone.Start(softphone.Options{User: user, Tone: tone})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(phone.Close)
		return phone
	}
	ana, customer := start("ana", 620), start("customer", 440)
	server := startServer(t, fmt.Sprintf(`
		[sip]
		listen = "127.0.0.1:5060"
		[[agent]]
		name = "ana"
		address = %q
		[[route]]
		called = "*"
		agent = "ana"
	`, ana.URI()))

	theirs, err := customer.Dial(soon(t), "sip:help@127.0.0.1:5060")
	if err != nil {
		t.Fatal(err)
	}
	hers, err := ana.Incoming(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	hears(t, theirs.Recording(), 620)
	hears(t, hers.Recording(), 440)

	server.kill()
	server.start()
	began := time.Now()
	hears(t, theirs.Recording(), 620)
	hears(t, hers.Recording(), 440)
	t.Logf("they hear each other %v after the start", time.Since(began))
}
