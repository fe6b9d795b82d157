package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"holdfast/client"
	"holdfast/softphone"
)

// What the demo's people say, in Hz, so that recordings tell who heard whom.
const (
	customerTone   = 440
	anaTone        = 620
	cardiologyTone = 800
)

var voices = softphone.Voices{customerTone: "customer", anaTone: "ana", cardiologyTone: "cardiology"}

// A stage is where the demo's scenes are played: a server in a process of its
// own, which can be killed, and three phones.
type stage struct {
	dir    string
	config string
	sip    netip.AddrPort
	client *client.Client
	server *exec.Cmd
	log    *os.File

	lastSeq uint64 // of the last event that was told

	customer, ana, cardiology *softphone.Phone
}

// setStage starts the phones and the server. Whatever happens, strike it.
func setStage(ctx context.Context, dir string) (*stage, error) {
	s := &stage{dir: dir}
	var err error
	for _, p := range []struct {
		phone **softphone.Phone
		user  string
		tone  float64
	}{{&s.customer, "customer", customerTone}, {&s.ana, "ana", anaTone}, {&s.cardiology, "cardiology", cardiologyTone}} {
		if *p.phone, err = softphone.Start(softphone.Options{User: p.user, Tone: p.tone}); err != nil {
			return s, fmt.Errorf("starting the phone of %s: %w", p.user, err)
		}
	}
	if s.log, err = os.Create(filepath.Join(dir, "server.log")); err != nil {
		return s, err
	}
	if err := s.configure(); err != nil {
		return s, err
	}
	return s, s.start(ctx)
}

// configure writes a configuration whose addresses are free now; they must
// stay the same when the server is killed and comes back.
func (s *stage) configure() error {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer udp.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer tcp.Close()
	s.sip = udp.LocalAddr().(*net.UDPAddr).AddrPort()
	s.client = client.New("http://" + tcp.Addr().String())
	s.config = filepath.Join(s.dir, "holdfast.toml")
	return os.WriteFile(s.config, fmt.Appendf(nil, `# Written by holdfast demo.
[sip]
listen = %q
[api]
listen = %q
[journal]
dir = %q
[rules]
ring_for = "3s"
[[agent]]
name = "ana"
address = %q
[[route]]
called = "*"
agent = "ana"
[[endpoint]]
name = "cardiology"
address = %q
`, s.sip, tcp.Addr(), filepath.Join(s.dir, "journal"), s.ana.URI(), s.cardiology.URI()), 0o600)
}

// start starts the server and waits until it says that it is ready.
func (s *stage) start(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.server = exec.Command(self, "serve", "--config", s.config)
	s.server.Stderr = s.log
	out, err := s.server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.server.Start(); err != nil {
		return fmt.Errorf("starting the server: %w", err)
	}
	ready := make(chan error, 1)
	go func() { // ends with the server's output
		lines := bufio.NewScanner(out)
		if lines.Scan() {
			ready <- nil
		} else {
			ready <- fmt.Errorf("the server did not start; %s says why", s.log.Name())
		}
		_, _ = io.Copy(s.log, out)
	}()
	select {
	case err := <-ready:
		return err
	case <-time.After(10 * time.Second):
		return fmt.Errorf("the server was not ready within 10s; %s may say why", s.log.Name())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// kill ends the server as a crash would: no goodbye, nothing flushed.
func (s *stage) kill() error {
	if err := s.server.Process.Kill(); err != nil {
		return err
	}
	_ = s.server.Wait() // it was killed; that is its exit status
	return nil
}

// strike ends whatever setStage has started.
func (s *stage) strike() {
	for _, p := range []*softphone.Phone{s.customer, s.ana, s.cardiology} {
		if p != nil {
			p.Close()
		}
	}
	if s.server != nil && s.server.Process != nil {
		_ = s.kill()
	}
	if s.log != nil {
		_ = s.log.Close()
	}
}
