package webleg

import (
	"context"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestNothingIsLeft(t *testing.T) {
	h := newHouse(t, newJournal(), Options{}, nil)
	b := h.talks("c1", theCustomer)
	b.hears(t, theCustomer)
	never := newBrowser(t, cleo) // never gets its answer
	h.calls("c2", another)
	if _, err := h.legs.Connect(context.Background(), "c2", 2, never.offer()); err != nil {
		t.Fatal(err)
	}
	h.calls("c3", theCustomer)
	h.accepts("c3")
	overTCP := newBrowserOverTCP(t)
	overTCP.connect(h.legs, "c3", 2)
	overTCP.hears(t, theCustomer)
	stranger := dial(t, h.legs.Address())
	at := h.legs.Address()
	h.close()
	b.close()
	never.close()
	overTCP.close()
	wantClosed(t, stranger)
	wantGoroutines(t, 0)
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatalf("the socket is still bound: %v", err)
	}
	conn.Close()
	l, err := net.Listen("tcp", at.String())
	if err != nil {
		t.Fatalf("the TCP socket is still bound: %v", err)
	}
	l.Close()
}

func TestSessionsAreBounded(t *testing.T) {
	h := newHouse(t, newJournal(), Options{}, nil)
	h.calls("c1", theCustomer)
	offer := offers(t)["chrome"]
	connect := func() {
		if _, err := h.legs.Connect(context.Background(), "c1", 2, offer); err != nil {
			t.Fatal(err)
		}
	}
	connect()
	one := goroutines()
	for range 50 {
		connect()
	}
	wantGoroutines(t, one)
}

// wantGoroutines waits until at most so many goroutines of ours and pion's run.
func wantGoroutines(t *testing.T, most int) {
	t.Helper()
	deadline, again := time.After(patiently), time.NewTicker(10*time.Millisecond)
	defer again.Stop()
	for goroutines() > most {
		select {
		case <-again.C:
		case <-deadline:
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, want %d:\n%s", goroutines(), most, buf[:runtime.Stack(buf, true)])
		}
	}
}

// goroutines counts the goroutines of ours and pion's, without those of tests.
func goroutines() int {
	buf := make([]byte, 1<<20)
	n := 0
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if !strings.Contains(stack, "testing.tRunner(") && (strings.Contains(stack, "holdfast/webleg.") || strings.Contains(stack, "github.com/pion/")) {
			n++
		}
	}
	return n
}
