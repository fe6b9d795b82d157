package media

import (
	"errors"
	"fmt"
	"holdfast/call"
	"slices"
	"sync"
)

// A Room is where the audio of one contact is made.
type Room struct {
	engine *Engine
	id     call.ContactID

	// mu guards the fields below and the state of all legs. It is held while a
	// packet is passed on or a slot is made, and never while waiting.
	mu     sync.Mutex
	closed bool
	legs   []*Leg
	mix    call.Mix // also of legs that are not open yet
	due    []func() // calls to make once mu is unlocked
}

// unlock unlocks mu, and makes the calls put off while it was held.
func (r *Room) unlock() {
	due := r.due
	r.due = nil
	r.mu.Unlock()
	for _, tell := range due {
		tell()
	}
}

// Open binds a UDP socket for a leg and adds it to the room, mute: it neither
// sends nor receives until Leg.Set. Port 0 means any free one; a given port is
// bound exactly (after a restart). A leg's number is unique in its room.
func (r *Room) Open(leg call.ConnectionID, port uint16) (*Leg, error) {
	conn, err := r.engine.bind(port)
	if err != nil {
		return nil, fmt.Errorf("opening leg %d of room %s: %w", leg, r.id, err)
	}
	s := &socket{conn: conn}
	l, err := r.join(leg, s, func(l *Leg) {
		l.socket, l.port = s, localPort(conn)
		r.engine.running.Go(func() { l.read(conn) }) // ends when the socket is closed
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return l, nil
}

// Join adds a leg whose packets t carries, mute until Leg.Set. The leg closes t
// when it is closed; after an error t is the caller's.
func (r *Room) Join(leg call.ConnectionID, t Transport) (*Leg, error) {
	return r.join(leg, t, func(*Leg) {})
}

// join adds a leg, and calls begin once it is sure to be added.
func (r *Room) join(leg call.ConnectionID, t Transport, begin func(*Leg)) (*Leg, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, fmt.Errorf("opening leg %d: room %s is closed", leg, r.id)
	}
	if r.leg(leg) != nil {
		return nil, fmt.Errorf("opening leg %d of room %s: it is open already", leg, r.id)
	}
	l := &Leg{room: r, number: leg, transport: t, out: newOut(t, r.engine.slot())}
	begin(l)
	r.legs = append(r.legs, l)
	r.arrange()
	return l, nil
}

// Set makes all legs hear each other as in mix, from the next packet on; legs
// that are not in mix hear nothing. Legs in mix that are not open yet are heard
// from when they are. It is idempotent. It returns the legs that are open, in
// mix, and have audio agreed in both directions, in mix's order.
func (r *Room) Set(mix call.Mix) []call.ConnectionID {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mix = slices.Clone(mix)
	for i, h := range r.mix {
		r.mix[i].From = slices.Clone(h.From)
	}
	r.arrange()
	var agreed []call.ConnectionID
	for _, h := range r.mix {
		if l := r.leg(h.Connection); l != nil && l.agreed() {
			agreed = append(agreed, h.Connection)
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

func (r *Room) leg(number call.ConnectionID) *Leg {
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
		l.inMix, l.mixed, l.record, l.before = false, false, false, nil
		l.sources = l.sources[:0]
	}
	for _, h := range r.mix {
		l := r.leg(h.Connection)
		if l == nil {
			continue
		}
		l.inMix, l.play, l.record = true, r.engine.clips.of(h.Audio), h.Recorded
		if len(h.From) > 0 {
			l.play = r.engine.clips[call.ComfortNoise] // in case none of them is there
			if h.Before != "" {
				l.before = r.engine.clips.of(h.Before)
			}
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
			l.out.of = emission{} // its audio until it is heard again is not lost
		}
		if !l.hearsMix() {
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
		if slot%lookEvery == 0 {
			l.look(slot)
			l.listen(slot)
		}
	}
	for _, l := range r.legs {
		for _, rec := range l.recordings {
			rec.tick(l)
		}
	}
}
