package kill

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A victim is a server in a process of its own. When it has been killed it is started again at
// once, as a supervisor would.
type victim struct {
	dir string
	env []string

	ready   chan struct{} // closed when the first process serves
	killed  chan struct{} // closed when it has been killed
	back    chan struct{} // closed when the one after it serves
	stopped chan struct{} // closed when no process runs any more
	did     chan string   // a command that has been carried out
	err     error         // what went wrong, once stopped

	mu     sync.Mutex // guards what follows
	lives  []life     // of the processes, in order
	stdin  *os.File   // of the one that runs; closing it ends that one
	closed bool       // no process shall be started any more
}

// A life is what one process has told, in order.
type life struct {
	died    time.Time // when it was killed; zero if it was not
	entries []string  // their events
	kept    []string  // "agent ana": of whom it was written how they are
	ports   []string  // "c1/3 127.77.0.1:40000": where a leg is heard
	sent    []string  // "ana re-INVITE": a request
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

// supervise runs the process that will die, and after it one that lives.
func (s *victim) supervise(point string) {
	defer close(s.stopped)
	died, err := s.run(point, s.ready)
	if died {
		close(s.killed)
		died, err = s.run("", s.back)
	}
	if died {
		err = errors.New("it was killed twice")
	}
	if err != nil {
		s.err = fmt.Errorf("the server ended: %w", err)
	}
}

// close ends the process, and returns what went wrong with it.
func (s *victim) close() error {
	s.mu.Lock()
	s.closed = true
	if s.stdin != nil {
		_ = s.stdin.Close()
	}
	s.mu.Unlock()
	<-s.stopped
	return s.err
}

// run runs one process until it ends, and reports whether it was killed.
func (s *victim) run(point string, ready chan struct{}) (died bool, err error) {
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return false, err
	}
	defer log.Close()
	process := exec.Command(os.Args[0])
	process.Env = append(append(os.Environ(), s.env...), pointEnv+"="+point)
	process.Stderr = log
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := process.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := s.start(process); err != nil {
		return false, err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		s.told(lines.Text(), ready)
	}
	return s.bury(process, time.Now())
}

// start starts a process, unless the server has been closed.
func (s *victim) start(process *exec.Cmd) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("it was closed before it started")
	}
	stdin, keep, err := os.Pipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	process.Stdin = stdin
	if err := process.Start(); err != nil {
		return errors.Join(err, keep.Close())
	}
	s.stdin = keep
	s.lives = append(s.lives, life{})
	return nil
}

// bury waits for the end of a process that has said its last.
func (s *victim) bury(process *exec.Cmd, when time.Time) (died bool, err error) {
	err = process.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lives[len(s.lives)-1].died = when
	return true, s.stdin.Close()
}

// told takes what a process tells: a word, and what it is about.
func (s *victim) told(line string, ready chan struct{}) {
	word, what, _ := strings.Cut(line, " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	now := &s.lives[len(s.lives)-1]
	switch word {
	case "ready":
		close(ready)
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
	if _, err := fmt.Fprintln(s.stdin, command); err != nil {
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
	return s.lives[n]
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
