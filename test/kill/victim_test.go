package kill

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A victim is a server in a process of its own. When it has been killed, or while it
// stops because of a SIGTERM, it is started again at once.
type victim struct {
	dir string
	env []string

	ready   chan struct{} // closed when the first process serves
	killed  chan struct{} // closed when it has been killed, or begins to stop
	back    chan struct{} // closed when the one after it serves
	stopped chan struct{} // closed when no process runs any more
	did     chan string   // a command that has been carried out
	err     error         // what went wrong, once stopped

	mu     sync.Mutex // guards what follows
	lives  []*life    // of the processes, in order
	closed bool       // no process shall be started any more
}

// A life is what one process has told, in order.
type life struct {
	command *exec.Cmd
	out     io.Reader     // of the process
	stdin   *os.File      // closing it ends the process
	stops   chan struct{} // closed when it has begun to stop because of a SIGTERM
	died    time.Time     // when it was killed, or began to stop; zero if it did not
	ended   time.Time
	entries []string // their events
	kept    []string // "agent ana": of whom it was written how they are
	ports   []string // "c1/3 127.77.0.1:40000": where a leg is heard
	sent    []string // a request: its Call-ID and kind
}

// stopping reports whether the process has begun to stop because of a SIGTERM.
func (l *life) stopping() bool {
	select {
	case <-l.stops:
		return true
	default:
		return false
	}
}

// startVictim starts a process that dies at point, or on command.
func startVictim(dir, config, point string, env ...string) *victim {
	s := &victim{
		dir: dir, env: append(env, configEnv+"="+config),
		ready: make(chan struct{}), killed: make(chan struct{}), back: make(chan struct{}),
		stopped: make(chan struct{}), did: make(chan string, 1),
	}
	go s.supervise(point) // ends with close
	return s
}

// serves waits until a process serves: the first, or if that has died before, the
// one after it.
func (s *victim) serves() error {
	select {
	case <-s.ready:
	case <-s.back:
	case <-s.stopped:
		return cmp.Or(s.err, errEnded)
	}
	return nil
}

// supervise runs the process that will die, and another as soon as it has died or
// begins to stop.
func (s *victim) supervise(point string) {
	defer close(s.stopped)
	first, err := s.start(point)
	if err != nil {
		s.err = err
		return
	}
	ended := make(chan error, 1)
	go func() { ended <- s.run(first, s.ready) }()
	select {
	case <-first.stops:
	case err = <-ended:
		if !errors.Is(err, errKilled) && !first.stopping() {
			s.err = err
			return
		}
		ended <- nil
	}
	close(s.killed)
	second, err := s.start("")
	if err == nil {
		err = s.run(second, s.back)
	}
	s.err = errors.Join(err, <-ended)
}

// close ends the process, and returns what went wrong with it.
func (s *victim) close() error {
	s.mu.Lock()
	s.closed = true
	for _, l := range s.lives {
		_ = l.stdin.Close()
	}
	s.mu.Unlock()
	<-s.stopped
	return s.err
}

// end sends the process a signal, after which no other is started.
func (s *victim) end(signal syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.lives[len(s.lives)-1].command.Process.Signal(signal)
}

// errKilled is the end of a process that was killed.
var errKilled = errors.New("the server was killed")

// start starts a process that dies at point, unless the server has been closed.
func (s *victim) start(point string) (*life, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("the server was closed before it started")
	}
	stdin, keep, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdin.Close()
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	process := exec.Command(os.Args[0])
	process.Env = append(append(os.Environ(), s.env...), pointEnv+"="+point)
	process.Stdin, process.Stderr = stdin, log
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := process.StdoutPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		return nil, errors.Join(err, keep.Close())
	}
	l := &life{command: process, out: out, stdin: keep, stops: make(chan struct{})}
	s.lives = append(s.lives, l)
	return l, nil
}

// run takes what a process tells until it ends. The error is errKilled if it was
// killed.
func (s *victim) run(l *life, ready chan struct{}) error {
	for lines := bufio.NewScanner(l.out); lines.Scan(); {
		s.told(l, lines.Text(), ready)
	}
	when := time.Now()
	err := l.command.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = l.stdin.Close()
	l.ended = when
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
		l.died = when
		return errKilled
	case err != nil:
		return fmt.Errorf("the server ended: %w", err)
	}
	return nil
}

// told takes what a process tells: a word, and what it is about.
func (s *victim) told(now *life, line string, ready chan struct{}) {
	word, what, _ := strings.Cut(line, " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch word {
	case "ready":
		close(ready)
	case "stopping":
		now.died = time.Now()
		close(now.stops)
	case "entry":
		now.entries = append(now.entries, what)
	case "kept":
		now.kept = append(now.kept, what)
	case "port":
		now.ports = append(now.ports, what)
	case "sent":
		now.sent = append(now.sent, what)
	case "did":
		s.did <- what
	}
}

// kill kills the process, and waits for the one after it.
func (s *victim) kill() error {
	if err := s.tell("die"); err != nil {
		return err
	}
	select {
	case <-s.back:
		return nil
	case <-s.stopped:
		return cmp.Or(s.err, errEnded)
	}
}

// do has the process carry out a command (see obey), and waits until it has.
func (s *victim) do(command string) error {
	if err := s.tell(command); err != nil {
		return err
	}
	select {
	case <-s.did:
		return nil
	case <-s.stopped:
		return cmp.Or(s.err, errEnded)
	}
}

var errEnded = errors.New("the server has ended")

func (s *victim) tell(command string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := fmt.Fprintln(s.lives[len(s.lives)-1].stdin, command); err != nil {
		return fmt.Errorf("telling the server to %s: %w", command, err)
	}
	return nil
}

// life is what process n has told so far, from 0.
func (s *victim) life(n int) life {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= len(s.lives) {
		return life{}
	}
	return *s.lives[n]
}

func (s *victim) log() string { return filepath.Join(s.dir, "server.log") }

// lastWords is the end of the log.
func (s *victim) lastWords() string {
	const most = 15
	text, err := os.ReadFile(s.log())
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "")
}
