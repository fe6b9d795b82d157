// Package lobby limits the connections of strangers: of peers that have not shown yet
// that we know them. It knows no protocol, and never reads, writes or closes a
// connection itself.
package lobby

import (
	"container/list"
	"net/netip"
	"sync"
)

// A Lobby has the connections of strangers. When there are too many, the oldest ones of
// the source that has most must go. A connection whose peer is known has left the lobby
// and does not go for a stranger. Its methods may be called by any goroutine.
type Lobby struct {
	most, perSource int

	mu       sync.Mutex // guards the fields below
	count    int
	bySource map[netip.Prefix]*list.List // of *Guest, the oldest first
}

// New returns a lobby for so many strangers, and so many from one source.
func New(most, perSource int) *Lobby {
	return &Lobby{most: most, perSource: perSource, bySource: map[netip.Prefix]*list.List{}}
}

// A Guest is a connection in a lobby.
type Guest struct {
	lobby  *Lobby
	source netip.Prefix
	evict  func()
	place  *list.Element // nil: it has left
}

// Enter takes a connection into the lobby, and has others evicted if there are too many
// then. Evict closes the connection, unless its peer is known by now. It is called at
// most once, without a lock of the lobby, and not after Leave. The zero source stands for
// a program of this machine that connects for others, such as a proxy: it has no limit of
// its own.
func (l *Lobby) Enter(source netip.Prefix, evict func()) *Guest {
	g := &Guest{lobby: l, source: source, evict: evict}
	for _, over := range l.enter(g) {
		over.evict()
	}
	return g
}

func (l *Lobby) enter(g *Guest) (over []*Guest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bySource[g.source] == nil {
		l.bySource[g.source] = list.New()
	}
	g.place = l.bySource[g.source].PushBack(g)
	l.count++
	if g.source.IsValid() && l.bySource[g.source].Len() > l.perSource {
		over = append(over, l.oldest(g.source))
	}
	if l.count > l.most {
		over = append(over, l.oldest(l.largest()))
	}
	return over
}

// largest returns the source that has most connections. The caller holds mu.
func (l *Lobby) largest() (source netip.Prefix) {
	most := 0
	for s, guests := range l.bySource {
		if n := guests.Len(); n > most {
			source, most = s, n
		}
	}
	return source
}

// oldest removes the oldest connection of a source. The caller holds mu.
func (l *Lobby) oldest(source netip.Prefix) *Guest {
	g := l.bySource[source].Front().Value.(*Guest)
	l.remove(g)
	return g
}

func (l *Lobby) remove(g *Guest) {
	guests := l.bySource[g.source]
	guests.Remove(g.place)
	if guests.Len() == 0 {
		delete(l.bySource, g.source)
	}
	g.place = nil
	l.count--
}

// Leave takes the connection out of the lobby: its peer is known, or it has ended. It
// may be called more than once.
func (g *Guest) Leave() {
	g.lobby.mu.Lock()
	defer g.lobby.mu.Unlock()
	if g.place != nil {
		g.lobby.remove(g)
	}
}

// Len returns how many connections are in the lobby.
func (l *Lobby) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// Source returns the network that counts as one source: an IPv4 address, or an IPv6
// network, of which a stranger has as many addresses as they like.
func Source(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	source, _ := ip.Prefix(bits) // the zero value for the zero address
	return source
}
