package demo

import (
	"bufio"
	"context"
	"fmt"
	"holdfast/holdfasttest"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A stage is where the demo is played: a server in a process of its own, which
// can be killed, and people with phones.
type stage struct {
	*holdfasttest.Bed
	people []person

	dir    string
	config string
	rules  string         // of the server, as its configuration has them
	url    string         // of its HTTP interface
	page   netip.AddrPort // where the agents' page is; invalid: there is none
	server *exec.Cmd
	log    *os.File

	lastSeq uint64 // of the last event that was printed
}

// setStage starts the phones of people and the server.
func setStage(t holdfasttest.T, dir, rules string, people []person) *stage {
	s := &stage{people: people, dir: dir, rules: rules}
	must(t, clear(dir))
	log, err := os.Create(filepath.Join(dir, "server.log"))
	must(t, err)
	t.Cleanup(func() { _ = log.Close() }) // the server has ended
	s.log = log
	sip, api, err := freeAddresses()
	must(t, err)
	s.url = "http://" + api.String()
	s.Bed = holdfasttest.Around(t, sip, s.url)
	for _, p := range people {
		if p.login.IsZero() {
			s.Add(p.name, p.Options)
		} else if s.page, err = pageAddress(); err != nil {
			must(t, err)
		}
	}
	must(t, s.configure(api))
	t.Cleanup(func() {
		if s.server != nil && s.server.Process != nil {
			_ = s.kill()
		}
	})
	must(t, s.start(t.Context()))
	return s
}

func must(t holdfasttest.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// freeAddresses are free now, and must stay the same when the server is killed
// and comes back.
func freeAddresses() (sip, api netip.AddrPort, err error) {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return sip, api, err
	}
	defer udp.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return sip, api, err
	}
	defer tcp.Close()
	return udp.LocalAddr().(*net.UDPAddr).AddrPort(), tcp.Addr().(*net.TCPAddr).AddrPort(), nil
}

// usualPage is the page's address if its port is free.
const usualPage = "127.0.0.1:8090"

// pageAddress is an address for the agents' page, which must stay the same too.
func pageAddress() (netip.AddrPort, error) {
	l, err := net.Listen("tcp", usualPage)
	if err != nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort(), nil
}

// listen is an address as a configuration has it; empty if there is none.
func listen(at netip.AddrPort) string {
	if !at.IsValid() {
		return ""
	}
	return at.String()
}

// configure writes the configuration, which is a file because a process reads it.
func (s *stage) configure(api netip.AddrPort) error {
	s.config = filepath.Join(s.dir, "holdfast.toml")
	text := fmt.Appendf(nil, `# Written by holdfast demo.
[sip]
listen = %q
[api]
listen = %q
[journal]
dir = %q
[panel]
listen = %q
origins = [%q]
[rules]
%s
[[route]]
called = "*"
agent = "ana"
[[endpoint]]
name = "nowhere"
address = "sip:nowhere@127.0.0.1:9"
`, s.SIP, api, filepath.Join(s.dir, "journal"), listen(s.page), streamsPage, s.rules)
	for _, p := range s.people {
		if !p.login.IsZero() {
			text = fmt.Appendf(text, "[[agent]]\nname = %q\nlogin = %q\nafter_call = \"until-cleared\"\n[[route]]\ncalled = %[1]q\nagent = %[1]q\n", p.name, p.login.PHC())
			continue
		}
		uri := s.Phone(p.name).URI()
		switch {
		case p.agent:
			text = fmt.Appendf(text, "[[agent]]\nname = %q\naddress = %q\n[[route]]\ncalled = %[1]q\nagent = %[1]q\n", p.name, uri)
		case p.name != "customer":
			text = fmt.Appendf(text, "[[endpoint]]\nname = %q\naddress = %q\n", p.name, uri)
		}
	}
	return os.WriteFile(s.config, text, 0o600)
}

// start starts the server and waits until it reports that it is ready.
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
			ready <- fmt.Errorf("the server did not start: see %s", s.log.Name())
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
