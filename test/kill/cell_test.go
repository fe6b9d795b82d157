package kill

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// A plot says what a cell is about.
type plot struct {
	ending   ending
	point    string        // where the server dies (see readDooms); empty: nowhere
	fault    string        // planted in the server; empty: none
	foreign  bool          // the customer has a phone that others wrote
	patience time.Duration // how long all of it may take; 0: 30 s
}

// A cell is one contact played against a server that is killed and started
// again.
type cell struct {
	*holdfasttest.Bed
	t      holdfasttest.T
	server *victim
	words  string // the last of the server's log, once it has been closed

	name    string   // of the customer
	foreign *foreign // the customer's phone if others wrote it
	key     *key     // what has come of ana's transfer key, if she has pressed it
	called  string   // whom the customers call
	spare   []*cell  // of further customers, who have not called yet
	others  []*cell  // the contacts of others at the same server
}

// machine tells when the machine has stood still, for which no server is to
// blame.
var machine holdfasttest.Pulse

var cells atomic.Int32

// nextAddress is one that no other cell has, in this process or, most likely,
// in another.
func nextAddress() netip.Addr {
	n := cells.Add(1)
	return netip.AddrFrom4([4]byte{127, byte(64 + os.Getpid()%128), byte(n / 250), byte(n%250 + 1)})
}

// around is a bed around a server at an address of its own.
func around(t holdfasttest.T) *holdfasttest.Bed {
	address := nextAddress()
	return holdfasttest.Around(t, netip.AddrPortFrom(address, 5060), fmt.Sprintf("http://%s:8080", address))
}

// at plays something in a new cell, and returns what does not go as it must:
// with a planted fault that is what is hoped for.
func at(t *testing.T, p plot, play func(*cell), env ...string) (c *cell, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), cmp.Or(p.patience, 30*time.Second))
	defer cancel()
	err = holdfasttest.Try(ctx, func(t holdfasttest.T) {
		c = newCell(t, p, env...)
		play(c)
	})
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, c.words)
	}
	return c, err
}

// newCell starts the phones and the server.
func newCell(t holdfasttest.T, p plot, env ...string) *cell {
	t.Helper()
	c := &cell{Bed: around(t), t: t, name: "customer", called: cmp.Or(p.ending.called, "help")}
	for _, name := range []string{"ana", "ben", "cardiology"} {
		c.Add(name, softphone.Options{})
	}
	if p.foreign {
		c.foreign = startForeign(t)
		c.Listen(c.name, foreignTone, c.foreign.Heard())
	} else {
		c.Add(c.name, softphone.Options{})
	}
	dir := inMemory(t)
	c.server = startVictim(dir, c.configure(dir, p.ending), p.point, append(env, faultEnv+"="+p.fault)...)
	t.Cleanup(func() {
		if err := c.server.close(); err != nil {
			t.Errorf("%v", err)
		}
		c.words = c.server.lastWords()
	})
	for _, name := range []string{"the second customer", "the third customer"} {
		c.spare = append(c.spare, c.another(name))
	}
	if err := c.server.serves(); err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

// another is the cell of another customer at the same server.
func (c *cell) another(name string) *cell {
	other := *c
	other.name, other.foreign, other.Bed = name, nil, c.For(name)
	other.Add(name, softphone.Options{User: "customer"})
	return &other
}

// inMemory is a new directory that is not on a disk, if there is such a place.
// What a kill leaves behind is the same there, and nobody else's files have to
// be written first.
func inMemory(t holdfasttest.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "holdfast-kill")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("%v", err)
		}
	})
	return dir
}

// configure writes the server's configuration, which is a file because a process
// reads it, and returns its name. Carla of queue heart sits at cardiology's phone.
func (c *cell) configure(dir string, e ending) string {
	return writeConfig(c.t, c.Bed, dir, fmt.Sprintf(`
[rules]
offer_for = %q
recall_for = "3s"
fallback = %q
[panel]
listen = "%s:8090"
[[agent]]
name = %q
login = %q
[[agent]]
name = "ana"
address = %q
capacity = 2
[[agent]]
name = "ben"
address = %q
[[agent]]
name = "carla"
address = %q
[[queue]]
name = "sales"
agents = ["ana"]
[[queue]]
name = "shop"
agents = ["ben", "ana"]
offer_for = "1500ms"
[[queue]]
name = "heart"
agents = ["carla"]
[[route]]
called = "*"
agent = "ana"
[[route]]
called = "page"
agent = "vera"
[[route]]
called = "sales"
queue = "sales"
[[route]]
called = "shop"
queue = "shop"
[[endpoint]]
name = "cardiology"
address = %q
`, cmp.Or(e.offerFor, 30*time.Second), e.fallback, c.SIP.Addr(), vera, veraLogin,
		c.Phone("ana").URI(), c.Phone("ben").URI(), c.Phone("cardiology").URI(), c.Phone("cardiology").URI()))
}

// writeConfig writes a configuration that begins with where a bed expects its
// server.
func writeConfig(t holdfasttest.T, b *holdfasttest.Bed, dir, rest string) (file string) {
	t.Helper()
	file = filepath.Join(dir, "holdfast.toml")
	text := fmt.Sprintf("[journal]\ndir = %q\n[api]\nlisten = \"%s:8080\"\n[sip]\nlisten = %q\n%s",
		filepath.Join(dir, "journal"), b.SIP.Addr(), b.SIP, rest)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatalf("writing the configuration: %v", err)
	}
	return file
}

// calls: the customer calls, until somebody answers or they hear that they wait.
func (c *cell) calls() {
	c.t.Helper()
	if c.foreign == nil {
		c.Dial(c.name, c.called)
		return
	}
	if err := c.foreign.call(c.Soon(), "sip:"+c.called+"@"+c.SIP.String()); err != nil {
		c.t.Fatalf("the customer calls: %v", err)
	}
}

// talk: the customer calls, ana answers, and they hear each other. It is not
// that of the bed because the customer may be at a foreign phone.
func (c *cell) talk() {
	c.t.Helper()
	c.calls()
	c.Rung("ana")
	c.Find()
	c.with("ana")
}

// with: the customer and somebody hear each other.
func (c *cell) with(name string) {
	c.t.Helper()
	c.Hears(c.name, name)
	c.Hears(name, c.name)
}

func (c *cell) onHold() { c.t.Helper(); c.Hears(c.name, "hold audio") }

// transfer asks for the transfer, as often as the dying server makes it
// necessary, and waits until cardiology is rung.
func (c *cell) transfer(e ending) {
	c.t.Helper()
	request := client.TransferRequest{Target: cmp.Or(e.target, "cardiology"), Kind: e.kind, RingFor: e.ringFor, Key: "once"}
	c.Eventually(func(ctx context.Context) error {
		_, err := c.Client.Transfer(ctx, c.Contact, request)
		return err
	})
	c.Rung("cardiology")
}

// insist makes a request until the contact is as wanted. A request that was
// carried out just before the server died is not made again.
func (c *cell) insist(request func(context.Context, call.ContactID) (call.Contact, error), wanted func(call.Contact) bool) {
	c.t.Helper()
	c.Eventually(func(ctx context.Context) error {
		now, err := c.Client.Contact(ctx, c.Contact)
		if err != nil || wanted(now) {
			return err
		}
		if now, err = request(ctx, c.Contact); err == nil && !wanted(now) {
			err = fmt.Errorf("the contact is %s all the same", now.Stage)
		}
		return err
	})
}

// ends waits until the customer's line has ended.
func (c *cell) ends() {
	c.t.Helper()
	if c.foreign == nil {
		c.Ended(c.name)
		return
	}
	select {
	case <-c.foreign.over:
	case <-c.Soon().Done():
		c.t.Fatalf("an orphan: the line of the customer does not end")
	}
}

// goodbye: the customer, whose line must still be up, hangs up.
func (c *cell) goodbye() {
	c.t.Helper()
	if c.foreign != nil {
		if err := c.foreign.goodbye(); err != nil {
			c.t.Fatalf("%v", err)
		}
		return
	}
	line := c.Call(c.name)
	select {
	case <-line.Ended():
		c.t.Fatalf("the customer's line was ended by %s: %v", line.EndedBy(), line.Err())
	default:
		line.HangUp()
	}
}

// isOver waits until everybody's line has ended, and the contact is over. Other
// contacts may go on, so that it is not that of the bed.
func (c *cell) isOver() call.Contact {
	c.t.Helper()
	c.ends()
	for _, name := range []string{"cardiology", "ana"} {
		if len(c.Calls(name)) > 0 { // not if vera, who is at a page, is there instead
			c.Ended(name)
		}
	}
	return c.stage(call.Over)
}

// stage waits until the contact has come to a stage.
func (c *cell) stage(s call.Stage) call.Contact {
	c.t.Helper()
	return c.Await(func(x call.Contact) bool { return x.Stage == s })
}
