package switchboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// A disk takes a while for each write, one after the other, and notes whose they were.
type disk struct {
	t       *testing.T
	w       *writes
	each    time.Duration
	fails   error
	written []urgency
	busy    chan struct{}
}

func newDisk(t *testing.T, each time.Duration) *disk {
	return &disk{t: t, w: newWrites(time.Now, slog.New(slog.DiscardHandler)), each: each, busy: make(chan struct{}, 1)}
}

// write writes as often as n says, at the same time, and returns where the errors go.
func (d *disk) write(u urgency, n int) <-chan error {
	errs := make(chan error, n)
	for range n {
		go func() {
			errs <- d.w.do(nil, newTurn(u), func() error {
				d.busy <- struct{}{}
				defer func() { <-d.busy }()
				<-time.After(d.each) // in a bubble
				d.written = append(d.written, u)
				return d.fails
			})
		}()
		synctest.Wait() // in this order
	}
	return errs
}

func TestWhoTalksComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk(t, time.Millisecond)
		d.write(begun, flyingMost) // these fill the journal
		for _, u := range []urgency{claiming, fresh, archiving, begun, talking} {
			d.write(u, 2)
		}
		<-time.After(time.Second)
		synctest.Wait()
		want := append(slices.Repeat([]urgency{begun}, flyingMost),
			talking, talking, begun, begun, archiving, archiving, fresh, fresh)
		got := slices.DeleteFunc(slices.Clone(d.written), func(u urgency) bool { return u == claiming })
		if !slices.Equal(got, want) {
			t.Errorf("written in the order %v", d.written)
		}
		if first := slices.Index(d.written, claiming); first < flyingMost+2 {
			t.Errorf("a claim came before those who talk: %v", d.written)
		}
		if n := len(d.written); n != flyingMost+10 {
			t.Errorf("%d were written", n)
		}
	})
}

func TestNobodyIsTurnedAwayWhileTheJournalKeepsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk(t, 5*time.Millisecond)
		for range 1000 {
			if err := errors.Join(d.w.admitsNew(), d.w.admits()); err != nil {
				t.Fatal(err)
			}
			d.w.opened()
			go func() {
				err := d.w.do(nil, newTurn(fresh), func() error { <-time.After(d.each); return nil })
				d.w.recorded(err == nil)
			}()
			<-time.After(10 * time.Millisecond)
		}
	})
}

// A flood gets in as far as the journal can write, and whoever gets in is soon written.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		d := newDisk(t, 5*time.Millisecond)
		d.w.log = slog.New(slog.NewTextHandler(&log, nil))
		in, slowest := 0, make(chan time.Duration, 10_000)
		for range 6000 { // a thousand a second
			<-time.After(time.Millisecond)
			if d.w.admitsNew() != nil {
				continue
			}
			in++
			d.w.opened()
			go func() {
				began := time.Now()
				err := <-d.write1(fresh)
				d.w.recorded(err == nil)
				slowest <- time.Since(began)
			}()
		}
		<-time.After(time.Second)
		synctest.Wait()
		if in < 900 || in > 1300 {
			t.Errorf("%d got in, want about 1200: as many as the disk can write", in)
		}
		close(slowest)
		var worst time.Duration
		for took := range slowest {
			worst = max(worst, took)
		}
		if worst > turnAwayAfter {
			t.Errorf("one waited for %s", worst)
		}
		if lines := strings.Count(log.String(), "\n"); lines < 5 || lines > 7 {
			t.Errorf("6 s were logged in %d lines:\n%s", lines, &log)
		}
		if err := d.w.admitsNew(); err != nil {
			t.Errorf("after the flood: %v", err)
		}
	})
}

// write1 is one write that does not wait to be begun.
func (d *disk) write1(u urgency) <-chan error {
	errs := make(chan error, 1)
	go func() {
		errs <- d.w.do(nil, newTurn(u), func() error {
			d.busy <- struct{}{}
			defer func() { <-d.busy }()
			<-time.After(d.each)
			return d.fails
		})
	}()
	return errs
}

// What waits for a journal that takes nothing any more learns that soon, and not one
// after the other.
func TestWhatWaitsForADeadJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk(t, appendWithin/flyingMost)
		d.fails = errJournal
		errs := d.write(begun, 1000)
		<-time.After(appendWithin + time.Second)
		synctest.Wait()
		if got := len(errs); got != 1000 {
			t.Errorf("%d of 1000 know", got)
		}
	})
}

// A slow disk gets fewer entries at a time, so that each is written in its time, once it
// is known to be slow; and more again when it is fast.
func TestASlowDiskGetsFewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk(t, 200*time.Millisecond)
		<-d.write(begun, 1)
		worst := make(chan time.Duration, 20)
		for range 20 {
			go func() {
				_ = d.w.do(nil, newTurn(begun), func() error {
					began := time.Now()
					d.busy <- struct{}{}
					defer func() { <-d.busy }()
					<-time.After(d.each)
					worst <- time.Since(began)
					return nil
				})
			}()
		}
		for range 20 {
			if took := <-worst; took >= appendWithin {
				t.Errorf("one took %s", took)
			}
		}
		d.each = time.Millisecond
		for range 30 {
			<-d.write(begun, 1)
		}
		if got := d.w.room(); got != flyingMost {
			t.Errorf("there is room for %d", got)
		}
	})
}

// One failure is that of one contact: it is soon after the journal had nothing to do, or
// we gave up waiting. Whoever waits goes on waiting.
func TestWhatWaitsWhileOneFails(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		err   error
	}{
		"soon":     {appendWithin / 10, errJournal},
		"given up": {2 * appendWithin, context.Canceled},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newDisk(t, 0)
			<-time.After(time.Hour)
			write := func(takes time.Duration, err error) <-chan error {
				errs := make(chan error, 1)
				go func() {
					errs <- d.w.do(nil, newTurn(begun), func() error { <-time.After(takes); return err })
				}()
				synctest.Wait()
				return errs
			}
			for range flyingMost - 1 {
				write(3*appendWithin, nil)
			}
			fails := write(test.after, test.err)
			waits := write(0, nil)
			if err := <-fails; !errors.Is(err, test.err) {
				t.Errorf("%s: %v", name, err)
			}
			if err := <-waits; err != nil {
				t.Errorf("%s: what waited got %v", name, err)
			}
			<-time.After(time.Minute)
		})
	}
}

func TestWhoWaitsMayGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk(t, time.Millisecond)
		d.write(begun, flyingMost)
		gone := make(chan struct{})
		err := make(chan error, 1)
		go func() { err <- d.w.do(gone, newTurn(talking), func() error { return nil }) }()
		synctest.Wait()
		close(gone)
		if err := <-err; !errors.Is(err, ErrUnavailable) {
			t.Errorf("err is %v", err)
		}
		<-time.After(time.Second)
		synctest.Wait()
		if d.w.flying.n != 0 || d.w.urgent.n != 0 {
			t.Errorf("%d are in the journal's hands, %d begun", d.w.flying.n, d.w.urgent.n)
		}
	})
}

// A caller can be turned away until the journal gets the contact, and not later.
type invite struct {
	msg
	away *atomic.Int32
	then func() // nil: nothing
}

func (i invite) TurnAway() {
	i.away.Add(1)
	if i.then != nil {
		i.then()
	}
}

// A patientLeg takes an invite as the message it is.
type patientLeg struct{ fakeLeg }

func (l patientLeg) Receive(now time.Time, in Incoming) Plan {
	return l.fakeLeg.Receive(now, in.(invite).msg)
}

func TestTurnedAwayAfterAll(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.journal.set(always(crawls))
		for i := range flyingMost { // the journal has its hands full
			b.lines.opened(customer)
			leg := fakeLeg{lines: b.lines, ID: customer, Epoch: 1}
			if err := b.s.Open(call.ContactID(fmt.Sprint("first", i)), leg, msg("INVITE")); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		var away atomic.Int32
		leg := patientLeg{fakeLeg{lines: b.lines, ID: customer, Epoch: 1}}
		b.lines.opened(customer)
		b.s.writes.first = backlog{} // as if all were well
		legs := func() int {
			b.lines.mu.Lock()
			defer b.lines.mu.Unlock()
			return b.lines.open[customer]
		}
		before, then := legs(), 0
		if err := b.s.Open("late", leg, invite{"INVITE", &away, func() { then = legs() }}); err != nil {
			t.Fatal(err)
		}
		b.pass(turnAwayAfter)
		if away.Load() != 1 {
			t.Errorf("turned away %d times", away.Load())
		}
		if then != before || legs() != before-1 {
			t.Errorf("%d legs before, %d when it is turned away, %d after that", before, then, legs())
		}
		if b.s.desk("late") != nil {
			t.Error("its desk is still there")
		}
		b.journal.set(nil)
		b.pass(30 * time.Second)
		if len(b.journal.live["late"]) > 0 {
			t.Error("it was written down")
		}
	})
}

// While work waits, requests for more are refused, and those that end are not.
func TestRequestsWhileTheJournalIsBehind(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.talk()
		b.s.writes.urgent = backlog{n: 100, since: time.Now(), each: 10 * time.Millisecond}
		if _, err := b.request(time.Second, transferTo("+15550123")); !errors.Is(err, ErrBusy) || !errors.Is(err, ErrUnavailable) {
			t.Errorf("err is %v, want ErrBusy", err)
		}
		if _, err := b.request(time.Second, call.EndRequested{By: ana}); err != nil {
			t.Error(err)
		}
		if err := b.s.Admits(); !errors.Is(err, ErrBusy) {
			t.Errorf("a new contact: %v", err)
		}
	})
}

// Recover waits for those who talk, and not for a crowd in a queue; others that cannot
// be sure that the contacts are theirs wait for all.
func TestRecoverWaitsForThoseWhoTalk(t *testing.T) {
	for shared, want := range map[bool]time.Duration{false: 0, true: 300 * time.Millisecond} {
		inBubble(t, func(old *bench) {
			old.open()
			b := recoverBench(old)
			b.journal.set(always(slow))
			b.journal.shared = shared
			restored := false
			b.s.options.Restored = func() { restored = true }
			b.s.options.Recovered = func() {
				if err := b.s.Admits(); !restored || !errors.Is(err, ErrBusy) {
					t.Errorf("a contact may begin before Recover returns: %v", err)
				}
			}
			began := time.Now()
			if n, err := b.s.Recover(context.Background()); n != 1 || err != nil {
				t.Errorf("recovered %d, %v", n, err)
			}
			if took := time.Since(began); took != want {
				t.Errorf("shared %t: it took %s, want %s", shared, took, want)
			}
			b.pass(time.Second)
			b.close()
		})
	}
}
