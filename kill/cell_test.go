package kill

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

// What each phone says, in Hz.
const (
	customerTone   = 440
	anaTone        = 620
	cardiologyTone = 800
)

// A cell is one contact played against a server that dies at one point and is
// started again at once, as a supervisor would.
type cell struct {
	t       *testing.T
	ctx     context.Context //nolint:containedctx // a cell is one test, and this is its time
	dir     string
	address netip.Addr // the server's own, so that cells never meet
	client  *client.Client

	customer, ana, cardiology             *softphone.Phone
	customerCall, anaCall, cardiologyCall *softphone.Call
	contact                               call.ContactID

	killed  chan struct{} // closed when the server has been killed
	stopped chan struct{} // closed when the supervisor has ended

	mu      sync.Mutex // guards what follows
	entries []string   // what the first server wrote, in order
	stdin   *os.File   // of the server that runs; closing it ends that server
	closed  bool       // no server shall be started any more
}

// newCell starts the phones and a server that will die at point.
func newCell(t *testing.T, number int, point string) *cell {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	c := &cell{
		t: t, ctx: ctx, dir: t.TempDir(), killed: make(chan struct{}), stopped: make(chan struct{}),
		address: netip.AddrFrom4([4]byte{127, 77, byte(number / 250), byte(number%250 + 1)}),
	}
	c.customer = c.phone("customer", customerTone)
	c.ana = c.phone("ana", anaTone)
	c.cardiology = c.phone("cardiology", cardiologyTone)
	c.client = client.New(fmt.Sprintf("http://%s:8080", c.address))
	c.configure()
	ready := make(chan struct{})
	go c.supervise(point, ready)
	t.Cleanup(func() {
		c.mu.Lock()
		c.closed = true
		if c.stdin != nil {
			_ = c.stdin.Close()
		}
		c.mu.Unlock()
		<-c.stopped
	})
	select {
	case <-ready:
	case <-c.stopped:
		t.Fatal("the server did not start")
	}
	return c
}

func (c *cell) phone(user string, tone float64) *softphone.Phone {
	p, err := softphone.Start(softphone.Options{User: user, Tone: tone})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(p.Close)
	return p
}

func (c *cell) file(name string) string { return filepath.Join(c.dir, name) }

func (c *cell) configure() {
	config := fmt.Sprintf(`
[sip]
listen = "%s:5060"
[api]
listen = "%s:8080"
[journal]
dir = %q
[rules]
ring_for = "2500ms"
[[agent]]
name = "ana"
address = %q
[[route]]
called = "*"
agent = "ana"
[[endpoint]]
name = "cardiology"
address = %q
`, c.address, c.address, c.file("journal"), c.ana.URI(), c.cardiology.URI())
	if err := os.WriteFile(c.file("holdfast.toml"), []byte(config), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// supervise runs the server that will die, and after it one that lives. It
// ends when the cell closes the server's standard input.
func (c *cell) supervise(point string, ready chan<- struct{}) {
	defer close(c.stopped)
	killed, err := c.run(point, func() { close(ready) })
	if killed {
		close(c.killed)
		killed, err = c.run("", func() {})
	}
	if err != nil || killed {
		c.t.Errorf("the server ended: %v (killed: %t)\n%s", err, killed, c.log())
	}
}

// run runs one server until it ends, and reports whether it was killed.
func (c *cell) run(point string, ready func()) (killed bool, err error) {
	log, err := os.OpenFile(c.file("server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return false, err
	}
	defer log.Close()
	stdin, keep, err := os.Pipe()
	if err != nil {
		return false, err
	}
	defer stdin.Close()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), configEnv+"="+c.file("holdfast.toml"), pointEnv+"="+point)
	server.Stdin, server.Stderr = stdin, log
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := server.StdoutPipe()
	if err != nil {
		return false, err
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return false, keep.Close()
	}
	c.stdin = keep
	err = server.Start()
	c.mu.Unlock()
	if err != nil {
		return false, errors.Join(err, keep.Close())
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch line := lines.Text(); {
		case line == "ready":
			ready()
		case strings.HasPrefix(line, "entry "):
			c.mu.Lock()
			c.entries = append(c.entries, strings.TrimPrefix(line, "entry "))
			c.mu.Unlock()
		}
	}
	err = server.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true, nil
	}
	return false, err
}

func (c *cell) log() string {
	b, err := os.ReadFile(c.file("server.log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// talk: the customer calls, ana answers, and they hear each other.
func (c *cell) talk() (err error) {
	if c.customerCall, err = c.customer.Dial(c.ctx, fmt.Sprintf("sip:help@%s:5060", c.address)); err != nil {
		return fmt.Errorf("the customer calls: %w", err)
	}
	if c.anaCall, err = c.ana.Incoming(c.ctx); err != nil {
		return fmt.Errorf("ana is rung: %w", err)
	}
	return errors.Join(
		c.hears("customer", c.customerCall, anaTone),
		c.hears("ana", c.anaCall, customerTone),
	)
}

// transfer asks for the transfer, as often as the dying server makes it
// necessary, and waits until cardiology is rung.
func (c *cell) transfer() error {
	err := c.again(func() error {
		contacts, err := c.client.Contacts(c.ctx)
		if err != nil {
			return err
		}
		if len(contacts) != 1 {
			return fmt.Errorf("there are %d contacts", len(contacts))
		}
		c.contact = contacts[0].ID
		_, err = c.client.Transfer(c.ctx, c.contact, client.TransferRequest{Target: "cardiology", Key: "once"})
		return err
	})
	if err != nil {
		return fmt.Errorf("asking for the transfer: %w", err)
	}
	if c.cardiologyCall, err = c.cardiology.Incoming(c.ctx); err != nil {
		return fmt.Errorf("cardiology is rung: %w", err)
	}
	return nil
}

// again tries something until it succeeds or the cell's time is over.
func (c *cell) again(try func() error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-c.ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// await waits until the contact is as wanted.
func (c *cell) await(wanted func(call.Contact) bool) (found call.Contact, err error) {
	err = c.again(func() error {
		if found, err = c.client.Contact(c.ctx, c.contact); err != nil {
			return err
		}
		if !wanted(found) {
			return fmt.Errorf("the contact is %s, its transfers %+v", found.Stage, found.Past)
		}
		return nil
	})
	return found, err
}

func (c *cell) hears(who string, phone *softphone.Call, tone float64) error {
	if err := phone.Recording().AwaitTones(c.ctx, tone); err != nil {
		return fmt.Errorf("%s does not hear %.0f Hz: %w", who, tone, err)
	}
	return nil
}

func (c *cell) ended(who string, phone *softphone.Call) error {
	select {
	case <-phone.Ended():
		return nil
	case <-c.ctx.Done():
		return fmt.Errorf("the line of %s does not end", who)
	}
}
