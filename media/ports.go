package media

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// ports hands out sockets with even ports (RFC 3550 §11) between first and
// last, in turn, so that a port rests before it is used again.
type ports struct {
	address     netip.Addr
	first, last uint16 // 0, 0: any

	turn *turn
}

type turn struct {
	mu   sync.Mutex // guards next
	next int
}

func newPorts(address netip.Addr, first, last uint16) (ports, error) {
	p := ports{address: address, first: first + first%2, last: last, turn: &turn{}}
	if first > last || first != 0 && p.first > last || first == 0 && last != 0 || first == 1<<16-1 {
		return ports{}, fmt.Errorf("no even port between %d and %d", first, last)
	}
	// A wrong address must show before a call comes in.
	probe, err := p.listen(0)
	if err != nil {
		return ports{}, err
	}
	return p, probe.Close()
}

// exactly binds that port.
func (p *ports) exactly(port uint16) (*net.UDPConn, error) { return p.listen(port) }

// any binds a free port.
func (p *ports) any() (*net.UDPConn, error) {
	if p.first == 0 {
		return p.listen(0)
	}
	count := int(p.last-p.first)/2 + 1
	for range count {
		conn, err := p.listen(p.first + 2*uint16(p.turn.take(count)))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return conn, err
		}
	}
	return nil, fmt.Errorf("all RTP ports from %d to %d are in use", p.first, p.last)
}

func (t *turn) take(count int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.next % count
	t.next = n + 1
	return n
}

func (p *ports) listen(port uint16) (*net.UDPConn, error) {
	network := "udp6"
	if p.address.Is4() {
		network = "udp4"
	}
	return net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.address, port)))
}

func localPort(conn *net.UDPConn) uint16 {
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}
