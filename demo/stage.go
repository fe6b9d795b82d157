package demo

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

// A stage is where the demo is played: a server in a process of its own, which
// can be killed, and people with phones.
type stage struct {
	dir    string
	config string
	rules  string // of the server, as its configuration says them
	sip    netip.AddrPort
	url    string // of its HTTP interface
	client *client.Client
	server *exec.Cmd
	log    *os.File

	lastSeq uint64 // of the last event that was told

	customer, ana, cardiology, reception *person

	people []*person // these four, and who else there is
}

// anaTone is what ana and all other agents say, in Hz.
const anaTone = 620

// newStage is a stage on which nothing has begun.
func newStage(dir, rules string, others ...*person) *stage {
	s := &stage{
		dir: dir, rules: rules,
		customer:   &person{name: "customer", tone: 440},
		ana:        &person{name: "ana", tone: anaTone, agent: true},
		cardiology: &person{name: "cardiology", tone: 800},
		reception:  &person{name: "reception", tone: 1000},
	}
	s.people = append([]*person{s.customer, s.ana, s.cardiology, s.reception}, others...)
	return s
}

// person is who is called so; nil: nobody.
func (s *stage) person(name string) *person {
	for _, p := range s.people {
		if p.name == name {
			return p
		}
	}
	return nil
}

// set starts the phones and the server. Whatever happens, strike it.
func (s *stage) set(ctx context.Context) error {
	if err := clear(s.dir); err != nil {
		return err
	}
	var err error
	for _, p := range s.people {
		if p.Phone, err = softphone.Start(softphone.Options{User: p.name, Tone: p.tone}); err != nil {
			return fmt.Errorf("starting the phone of %s: %w", p, err)
		}
	}
	if s.log, err = os.Create(filepath.Join(s.dir, "server.log")); err != nil {
		return err
	}
	if err := s.configure(); err != nil {
		return err
	}
	return s.start(ctx)
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
	s.url = "http://" + tcp.Addr().String()
	s.client = client.New(s.url)
	s.config = filepath.Join(s.dir, "holdfast.toml")
	text := fmt.Appendf(nil, `# Written by holdfast demo.
[sip]
listen = %q
[api]
listen = %q
[journal]
dir = %q
[rules]
%s
[[route]]
called = "*"
agent = "ana"
[[endpoint]]
name = "nowhere"
address = "sip:nowhere@127.0.0.1:9"
`, s.sip, tcp.Addr(), filepath.Join(s.dir, "journal"), s.rules)
	for _, p := range s.people {
		switch {
		case p.agent:
			text = fmt.Appendf(text, "[[agent]]\nname = %q\naddress = %q\n[[route]]\ncalled = %[1]q\nagent = %[1]q\n", p.name, p.URI())
		case p != s.customer:
			text = fmt.Appendf(text, "[[endpoint]]\nname = %q\naddress = %q\n", p.name, p.URI())
		}
	}
	return os.WriteFile(s.config, text, 0o600)
}

// start starts the server and waits until it says that it is ready.
func (s *stage) start(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.server = exec.Command(self, "serve", "--config", s.config)
	s.server.Stderr = s.log
	diesWithUs(s.server)
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

// strike ends whatever set has started.
func (s *stage) strike() {
	for _, p := range s.people {
		if p.Phone != nil {
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

// clear makes an empty directory, but only out of one that a demo has filled.
func clear(dir string) error {
	if old, err := os.ReadDir(dir); err == nil && len(old) > 0 {
		if _, err := os.Stat(filepath.Join(dir, "holdfast.toml")); err != nil {
			return fmt.Errorf("%s holds something else than a demo; choose another --dir", dir)
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return os.MkdirAll(dir, 0o755)
}
