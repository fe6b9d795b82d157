package media

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// A Room is where the audio of one contact is made.
type Room struct {
	engine *Engine
	id     string

	// mu guards what follows and the state of all legs. It is held while a
	// packet is passed on or a slot is made, and never while waiting.
	mu     sync.Mutex
	closed bool
	legs   []*Leg
	mix    Mix      // also of legs that are not open yet
	due    []func() // to be called when mu is unlocked: what has been found
}

// unlock unlocks mu, and tells what has been found while it was held.
func (r *Room) unlock() {
	due := r.due
	r.due = nil
	r.mu.Unlock()
	for _, tell := range due {
		tell()
	}
}

// Open binds a socket for a leg and adds it to the room, mute: it neither
// sends nor receives until Leg.Set. Port 0 means any free one; a given port is
// bound exactly (after a restart). A leg's number is unique in its room.
func (r *Room) Open(leg int, port uint16) (*Leg, error) {
	l, err := r.open(leg, port)
	if err != nil {
		return nil, fmt.Errorf("opening leg %d of room %s: %w", leg, r.id, err)
	}
	return l, nil
}

func (r *Room) open(number int, port uint16) (*Leg, error) {
	conn, err := r.engine.bind(port)
	if err != nil {
		return nil, err
	}
	l := &Leg{
		room:   r,
		number: number,
		conn:   conn,
		port:   localPort(conn),
		out:    newOut(conn, r.engine.slot()),
	}
	if err := r.add(l); err != nil {
		conn.Close()
		return nil, err
	}
	return l, nil
}

func (r *Room) add(l *Leg) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return errors.New("the room is closed")
	}
	if r.leg(l.number) != nil {
		return errors.New("it is open already")
	}
	r.legs = append(r.legs, l)
	r.arrange()
	r.engine.running.Go(l.read)
	return nil
}

// Set makes everyone hear what mix says, from the next packet on; legs that
// are not in mix hear nothing. Legs in mix that are not open yet are heard
// from when they are. It is idempotent. It returns the legs that are open, in
// mix, and have audio agreed in both directions, in mix's order.
func (r *Room) Set(mix Mix) []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mix = slices.Clone(mix)
	for i, h := range r.mix {
		r.mix[i].From = slices.Clone(h.From)
	}
	r.arrange()
	var agreed []int
	for _, h := range r.mix {
		if l := r.leg(h.Leg); l != nil && l.agreed() {
			agreed = append(agreed, h.Leg)
		}
	}
	return agreed
}

// Close closes the room and all its legs. Closing again does nothing.
func (r *Room) Close() {
	r.engine.forget(r)
	r.mu.Lock()
	r.closed = true
	legs := slices.Clone(r.legs)
	r.mu.Unlock()
	for _, l := range legs {
		l.Close()
	}
}

func (r *Room) remove(l *Leg) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	r.legs = slices.DeleteFunc(r.legs, func(other *Leg) bool { return other == l })
	r.arrange()
	for _, rec := range l.recordings {
		rec.end()
	}
	l.recordings = nil
}

func (r *Room) leg(number int) *Leg {
	for _, l := range r.legs {
		if l.number == number {
			return l
		}
	}
	return nil
}

// arrange brings the mix to the legs that are open, whenever either changes.
func (r *Room) arrange() {
	for _, l := range r.legs {
		l.inMix, l.mixed, l.record = false, false, false
		l.sources = l.sources[:0]
	}
	for _, h := range r.mix {
		l := r.leg(h.Leg)
		if l == nil {
			continue
		}
		l.inMix, l.play, l.record = true, h.Play, h.Record
		if len(h.From) > 0 {
			l.play = Comfort // should none of them be there
		}
		for _, from := range h.From {
			if s := r.leg(from); s != nil && s != l && s.stream.Receive {
				l.sources = append(l.sources, s)
			}
		}
	}
	for _, l := range r.legs {
		l.recordOnRequest()
		if relayed := l.out.of.from; relayed != nil && !l.hearsOnly(relayed) {
			l.out.of = emission{} // what it says until it is heard again is not lost
		}
		if len(l.sources) < 2 {
			continue
		}
		for _, s := range l.sources {
			s.mixed = true
		}
	}
}

// tick makes the audio of one slot.
func (r *Room) tick(slot int64) {
	r.mu.Lock()
	defer r.unlock()
	for _, l := range r.legs {
		l.voice.take(&l.said)
	}
	for _, l := range r.legs {
		l.tick(slot)
	}
	for _, l := range r.legs {
		for _, rec := range l.recordings {
			rec.tick(l)
		}
	}
}
