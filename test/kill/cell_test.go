package kill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
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
	benTone        = 1200
)

// othersTones are what further customers say.
var othersTones = []float64{580, 680}

// A plot says what a cell is about.
type plot struct {
	ending   ending
	point    string        // where the server dies (see readDooms); empty: nowhere
	fault    string        // planted in the server; empty: none
	foreign  bool          // the customer has a phone that others wrote
	patience time.Duration // how long all of it may take; 0: 30 s
}

// A cell is one contact played against a server that is killed and started
// again. What does not go as it must is an error, not the end of the test:
// with a planted fault it is what is hoped for.
type cell struct {
	ctx     context.Context //nolint:containedctx // a cell is one test, and this is its time
	address netip.Addr      // the server's own, so that cells never meet
	client  *client.Client
	server  *victim

	customer                customer
	tone                    float64 // what the customer says
	ana, ben, cardiology    *softphone.Phone
	anaCall, cardiologyCall *softphone.Call
	contact                 call.ContactID

	called string  // whom the customers call
	spare  []*cell // of further customers, who have not called yet
	others []*cell // the contacts of others at the same server
}

var cells atomic.Int32

// nextAddress is one that no other cell has, in this process or, most likely,
// in another.
func nextAddress() netip.Addr {
	n := cells.Add(1)
	return netip.AddrFrom4([4]byte{127, byte(64 + os.Getpid()%128), byte(n / 250), byte(n%250 + 1)})
}

// newCell starts the phones and the server.
func newCell(t *testing.T, p plot, env ...string) *cell {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), cmp.Or(p.patience, 30*time.Second))
	t.Cleanup(cancel)
	c := &cell{ctx: ctx, address: nextAddress(), tone: customerTone, called: cmp.Or(p.ending.called, "help")}
	c.ana = phone(t, "ana", anaTone)
	c.ben = phone(t, "ben", benTone)
	c.cardiology = phone(t, "cardiology", cardiologyTone)
	c.client = client.New(fmt.Sprintf("http://%s:8080", c.address))
	if p.foreign {
		phone, err := startForeign(ctx, t)
		if err != nil {
			t.Fatal(err)
		}
		c.customer = phone
	} else {
		c.customer = &ours{Phone: phone(t, "customer", customerTone)}
	}
	dir := inMemory(t)
	c.server = startVictim(dir, c.configure(t, dir, p.ending), p.point, append(env, faultEnv+"="+p.fault)...)
	t.Cleanup(func() { _ = c.server.close() }) // again: nothing
	c.spare = c.expect(t, othersTones)
	select {
	case <-c.server.ready:
	case <-c.server.stopped:
		t.Fatalf("%v\n%s", c.server.err, c.server.lastWords())
	}
	return c
}

// expect gives further customers their phones.
func (c *cell) expect(t *testing.T, tones []float64) (all []*cell) {
	t.Helper()
	for _, tone := range tones {
		other := *c
		other.customer, other.tone = &ours{Phone: phone(t, "customer", tone)}, tone
		all = append(all, &other)
	}
	return all
}

// inMemory is a new directory that is not on a disk, if there is such a place.
// What a kill leaves behind is the same there, and nobody else's files have to
// be written first.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "holdfast-kill") //nolint:usetesting // t.TempDir is on a disk
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

func phone(t *testing.T, user string, tone float64) *softphone.Phone {
	t.Helper()
	p, err := softphone.Start(softphone.Options{User: user, Tone: tone})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// configure writes the server's configuration and returns its name. Carla of
// queue heart sits at cardiology's phone.
func (c *cell) configure(t *testing.T, dir string, e ending) string {
	t.Helper()
	file := filepath.Join(dir, "holdfast.toml")
	config := fmt.Sprintf(`
[sip]
listen = "%s:5060"
[api]
listen = "%s:8080"
[journal]
dir = %q
[rules]
offer_for = %q
recall_for = "3s"
fallback = %q
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
called = "sales"
queue = "sales"
[[route]]
called = "shop"
queue = "shop"
[[endpoint]]
name = "cardiology"
address = %q
`, c.address, c.address, filepath.Join(dir, "journal"), cmp.Or(e.offerFor, 30*time.Second), e.fallback,
		c.ana.URI(), c.ben.URI(), c.cardiology.URI(), c.cardiology.URI())
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// calls: the customer calls, until somebody answers or they hear that they wait.
func (c *cell) calls() error {
	if err := c.customer.call(c.ctx, fmt.Sprintf("sip:%s@%s:5060", c.called, c.address)); err != nil {
		return fmt.Errorf("the customer calls: %w", err)
	}
	return nil
}

// talk: the customer calls, ana answers, and they hear each other.
func (c *cell) talk() (err error) {
	if err := c.calls(); err != nil {
		return err
	}
	if c.anaCall, err = c.ana.Incoming(c.ctx); err != nil {
		return fmt.Errorf("ana is rung: %w", err)
	}
	return c.withAna()
}

func (c *cell) withAna() error {
	return errors.Join(
		c.hears("the customer", c.customer.heard(), anaTone),
		c.hears("ana", c.anaCall.Recording(), c.tone),
	)
}

func (c *cell) withCardiology() error {
	return errors.Join(
		c.hears("the customer", c.customer.heard(), cardiologyTone),
		c.hears("cardiology", c.cardiologyCall.Recording(), c.tone),
	)
}

func (c *cell) onHold() error   { return c.waits(softphone.HoldTone) }
func (c *cell) inQueue() error  { return c.waits(softphone.QueueTone) }
func (c *cell) isParked() error { return c.waits(softphone.ParkTone) }

func (c *cell) waits(audio float64) error {
	return c.hears("the customer", c.customer.heard(), audio)
}

// transfer asks for the transfer, as often as the dying server makes it
// necessary, and waits until cardiology is rung.
func (c *cell) transfer(e ending) error {
	request := client.TransferRequest{Target: cmp.Or(e.target, "cardiology"), Kind: e.kind, RingFor: e.ringFor, Key: "once"}
	err := c.again(func() error {
		if err := c.find(); err != nil {
			return err
		}
		_, err := c.client.Transfer(c.ctx, c.contact, request)
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

// find finds the only contact that there is, but for those of others.
func (c *cell) find() error {
	contacts, err := c.client.Contacts(c.ctx)
	if err != nil {
		return err
	}
	contacts = slices.DeleteFunc(contacts, func(x call.Contact) bool {
		return slices.ContainsFunc(c.others, func(o *cell) bool { return o.contact == x.ID })
	})
	if len(contacts) != 1 {
		return fmt.Errorf("there are %d contacts", len(contacts))
	}
	c.contact = contacts[0].ID
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

// insist makes a request until the contact is as wanted. A request that was
// carried out just before the server died is not made again.
func (c *cell) insist(request func(context.Context, call.ContactID) (call.Contact, error), wanted func(call.Contact) bool) error {
	return c.again(func() error {
		now, err := c.client.Contact(c.ctx, c.contact)
		if err != nil || wanted(now) {
			return err
		}
		if now, err = request(c.ctx, c.contact); err == nil && !wanted(now) {
			err = fmt.Errorf("the contact is %s all the same", now.Stage)
		}
		return err
	})
}

func (c *cell) hears(who string, heard *softphone.Recording, tones ...float64) error {
	if err := heard.AwaitTones(c.ctx, tones...); err != nil {
		return fmt.Errorf("%s does not hear %.0f Hz: %w", who, tones, err)
	}
	return nil
}

func (c *cell) ended(who string, line <-chan struct{}) error {
	select {
	case <-line:
		return nil
	case <-c.ctx.Done():
		return fmt.Errorf("an orphan: the line of %s does not end", who)
	}
}

// goodbye: the customer, whose line must still be up, hangs up.
func (c *cell) goodbye() error {
	select {
	case <-c.customer.ended():
		return fmt.Errorf("the customer's line was ended by %s", c.customer.why())
	default:
	}
	return c.customer.hangUp()
}

// over: everybody's line ends, and so does the contact.
func (c *cell) over() (call.Contact, error) {
	if err := errors.Join(
		c.ended("the customer", c.customer.ended()),
		c.ended("ana", c.anaCall.Ended()),
		c.ended("cardiology", c.cardiologyCall.Ended()),
	); err != nil {
		return call.Contact{}, err
	}
	return c.await(func(x call.Contact) bool { return x.Stage == call.Over })
}
