package browser

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"holdfast/call"
)

// A wire carries the page's connections to the server, until it is cut.
type wire struct {
	door net.Listener
	to   string

	mu    sync.Mutex // guards what follows
	cut   bool
	conns []net.Conn
}

// layWire listens at an address and passes connections on to another, until the test
// ends.
func layWire(t *testing.T, at, to string) *wire {
	t.Helper()
	door, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{door: door, to: to}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := door.Accept()
			if err != nil {
				return
			}
			running.Go(func() { w.carry(c) })
		}
	})
	t.Cleanup(func() {
		_ = door.Close()
		w.set(true)
		running.Wait()
	})
	return w
}

func (w *wire) carry(c net.Conn) {
	defer c.Close()
	far, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer far.Close()
	w.mu.Lock()
	if w.cut {
		w.mu.Unlock()
		return
	}
	w.conns = append(w.conns, c, far)
	w.mu.Unlock()
	back := make(chan struct{})
	go func() { // ends with the connections
		defer close(back)
		_, _ = io.Copy(c, far)
		_ = c.Close()
	}()
	_, _ = io.Copy(far, c)
	_ = far.Close()
	<-back
}

// set cuts the wire, or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut = cut; !cut {
		return
	}
	for _, c := range w.conns {
		_ = c.(*net.TCPConn).SetLinger(0) // as if the far end had gone
		_ = c.Close()
	}
	w.conns = nil
}

// breaks: the page loses its connection to the server while its audio goes on, as a
// network does that changes. Nobody hears anything of that.
func breaks(t *testing.T) {
	s := openStage(t, "")
	var port int
	if _, err := fmt.Sscanf(s.page, "http://localhost:%d", &port); err != nil {
		t.Fatal(err)
	}
	w := layWire(t, fmt.Sprintf("%s:%d", loopback, port+5), fmt.Sprintf("%s:%d", loopback, port))
	s.page = fmt.Sprintf("http://localhost:%d", port+5)
	s.opens("ana", false)
	s.talk()
	s.refused("for two seconds, in talk", func(r *row) {
		w.set(true)
		r.told = "The connection to the server is lost."
		s.ana.reads(r.told)
		s.ana.shot("lost")
		mended := time.After(2 * time.Second)
		s.meet("customer", "ana")
		<-mended
		w.set(false)
		s.ana.desk().Await(`document.querySelector("[data-ref=lost]").hidden`)
		s.meet("customer", "ana")
	})
	for _, e := range s.history() {
		if _, lost := e.(call.Lost); lost {
			t.Errorf("ana's line was lost: %+v", e)
		}
	}
	s.goodbye()
}
