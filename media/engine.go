package media

import (
	"fmt"
	"holdfast/call"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Options configure an Engine. The zero value listens on 127.0.0.1, on any
// free port, plays the built-in audios and records nothing.
type Options struct {
	Address             netip.Addr             // where legs listen, and the address for SDP
	FirstPort, LastPort uint16                 // even RTP ports are taken from here; 0, 0: any
	Audios              map[call.Audio][]int16 // 8 kHz mono, in the place of the built-in ones
	RecordDir           string                 // where recordings are; empty: nothing is recorded
	OnRequest           bool                   // record only the legs a Mix asks for, not every leg
	Log                 *slog.Logger           // audio that does not get through or cannot be recorded; nil: nowhere
}

const (
	slotTime  = 20 * time.Millisecond
	maxBehind = 3 // slots that are made up for after a delay
)

// An Engine carries the audio of all rooms of a process. Its methods and those
// of its rooms and legs may be called by any goroutine.
type Engine struct {
	options Options
	ports   ports
	start   time.Time // of slot 0

	clips clips

	quit    chan struct{}
	running sync.WaitGroup // the loop, the readers and the recordings

	mu     sync.Mutex // guards closed and rooms
	closed bool
	rooms  map[call.ContactID]*Room
}

// Start starts an engine; Close ends it and all its rooms.
func Start(o Options) (*Engine, error) {
	e, err := newEngine(o)
	if err != nil {
		return nil, fmt.Errorf("starting media: %w", err)
	}
	e.running.Go(e.run)
	return e, nil
}

func newEngine(o Options) (*Engine, error) {
	if !o.Address.IsValid() {
		o.Address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	all, err := newClips(o.Audios)
	if err != nil {
		return nil, err
	}
	p, err := newPorts(o.Address, o.FirstPort, o.LastPort)
	if err != nil {
		return nil, err
	}
	return &Engine{
		options: o,
		ports:   p,
		start:   time.Now(),
		clips:   all,
		quit:    make(chan struct{}),
		rooms:   map[call.ContactID]*Room{},
	}, nil
}

// Close closes all rooms and returns when the last goroutine has ended and the
// last recording is complete. Closing again does nothing.
func (e *Engine) Close() error {
	e.mu.Lock()
	first := !e.closed
	e.closed = true
	e.mu.Unlock()
	if first {
		close(e.quit)
	}
	for _, r := range e.all(nil) {
		r.Close()
	}
	e.running.Wait()
	return nil
}

// Address is where the engine's legs listen.
func (e *Engine) Address() netip.Addr { return e.options.Address }

// Room returns the room with that id, making it if need be. A closed engine's
// rooms are closed.
func (e *Engine) Room(id call.ContactID) *Room {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.rooms[id]; r != nil {
		return r
	}
	r := &Room{engine: e, id: id, closed: e.closed}
	if !e.closed {
		e.rooms[id] = r
	}
	return r
}

func (e *Engine) forget(r *Room) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rooms[r.id] == r {
		delete(e.rooms, r.id)
	}
}

// all appends every room to rooms.
func (e *Engine) all(rooms []*Room) []*Room {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.rooms {
		rooms = append(rooms, r)
	}
	return rooms
}

// slot is the 20 ms in which we are, counted from the start.
func (e *Engine) slot() int64 { return int64(time.Since(e.start) / slotTime) }

// run ticks every room in every slot. After a delay it makes up for a few slots
// and skips the others: a burst would not help any receiver.
func (e *Engine) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var rooms []*Room
	for slot := int64(0); ; slot++ {
		slot = max(slot, e.slot()-maxBehind)
		timer.Reset(time.Until(e.start.Add(time.Duration(slot) * slotTime)))
		select {
		case <-timer.C:
		case <-e.quit:
			return
		}
		rooms = e.all(rooms[:0])
		for _, r := range rooms {
			r.tick(slot)
		}
		clear(rooms)
	}
}

// bind binds a leg's socket.
func (e *Engine) bind(port uint16) (*net.UDPConn, error) {
	if port != 0 {
		return e.ports.exactly(port)
	}
	return e.ports.any()
}
