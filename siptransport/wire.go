package siptransport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/emiago/sipgo/sip"

	"holdfast/sipua"
)

// The longest messages that go out over UDP: fragments of more than one Ethernet frame
// are lost by many networks, but a response has no other way to take (RFC 3261 §18.1.1
// limits requests only), and one to a request that is too long repeats its headers.
const (
	maxDatagram = 8192
	maxResponse = 65507
)

// Options configure a Wire. Address and Receive are required.
type Options struct {
	Address netip.AddrPort // port 0: any
	// Transports lists the transports to listen on besides UDP, at the same address.
	Transports []sipua.Transport
	// Peer reports how far an address that connects is known. A connection of a
	// Stranger is closed at once. It is called by any goroutine, again when a Guest
	// would have to make room. nil: every peer is Known.
	Peer func(netip.AddrPort) Peer
	// Receive gets every message, one at a time; datagrams, and the messages
	// of each connection, in the order of arrival. It must not block. A
	// message may still fail Check.
	Receive func(sipua.Received)
	// Unreachable gets every address that takes no connection, or that the
	// network reports unreachable (ICMP), where the system reports that: on Linux. The
	// report must quote the message sent there. May be nil.
	Unreachable func(netip.AddrPort)
	// Failed gets the error after which nothing is received over UDP any more.
	// May be nil.
	Failed func(error)
	Log    *slog.Logger // nil: slog.Default
}

func (o Options) listensOn(t sipua.Transport) bool { return slices.Contains(o.Transports, t) }

// A Wire carries SIP messages over one UDP socket, and, if configured, over TCP
// connections: those that others make, and its own to the peers it sends to. No number
// of strangers makes it grow beyond a bound.
type Wire struct {
	conn    *net.UDPConn
	streams *streams // nil without TCP
	options Options
	sent    sent // over UDP
	in      chan sipua.Received
	closing <-chan struct{}
	stop    context.CancelFunc // closes it
	done    sync.WaitGroup
}

// Listen opens a wire and begins to receive.
func Listen(o Options) (*Wire, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	w, err := bind(o)
	for try := 1; err != nil && o.listensOn(sipua.TCP) && o.Address.Port() == 0 && try < anyPortTries; try++ {
		w, err = bind(o)
	}
	if err != nil {
		return nil, fmt.Errorf("listening for SIP at %s: %w", o.Address, err)
	}
	if err := askForErrors(w.conn); err != nil {
		o.Log.Warn("SIP over UDP will not notice unreachable peers at once", "error", err)
	}
	w.done.Go(w.read)
	w.done.Go(w.receive)
	return w, nil
}

// anyPortTries is how often a port is looked for that is free both for UDP and
// for TCP.
const anyPortTries = 20

// bind takes the port.
func bind(o Options) (*Wire, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(o.Address))
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	w := &Wire{conn: conn, options: o, in: make(chan sipua.Received), closing: ctx.Done(), stop: stop}
	o.Receive = w.took
	if o.listensOn(sipua.TCP) {
		if w.streams, err = listenTCP(o, w.Address()); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return w, nil
}

// Address is where the wire listens.
func (w *Wire) Address() netip.AddrPort {
	return unmapped(w.conn.LocalAddr().(*net.UDPAddr).AddrPort())
}

// Send puts m on the wire. A nil error does not mean that m has arrived.
func (w *Wire) Send(m sipua.Message) error {
	if m.SIP == nil {
		return errors.New("sending a SIP message: there is none")
	}
	text := m.SIP.String()
	if m.Transport == sipua.TCP {
		return w.sendStream(m, text)
	}
	longest := maxDatagram
	if _, is := m.SIP.(*sip.Response); is {
		longest = maxResponse
	}
	if len(text) > longest {
		return fmt.Errorf("sending %s to %s: %d bytes do not fit into a UDP datagram of at most %d", m.Kind, m.To, len(text), longest)
	}
	w.sent.add(unmapped(m.To), text)
	_, err := w.conn.WriteToUDPAddrPort([]byte(text), m.To)
	if pendingError(err) {
		// The kernel hands an ICMP error of an earlier datagram to the next
		// call; this datagram has not been sent.
		_, err = w.conn.WriteToUDPAddrPort([]byte(text), m.To)
	}
	if err != nil {
		return fmt.Errorf("sending %s: %w", m.Kind, err)
	}
	return nil
}

func (w *Wire) sendStream(m sipua.Message, text string) error {
	if w.streams == nil {
		return fmt.Errorf("sending %s to %s: this wire has no TCP", m.Kind, m.To)
	}
	if err := w.streams.send(m, text); err != nil {
		return fmt.Errorf("sending %s: %w", m.Kind, err)
	}
	return nil
}

// Close stops receiving; when it returns, Receive is not called any more. It
// must not be called from Receive.
func (w *Wire) Close() error {
	w.stop()
	err := w.conn.Close()
	if w.streams != nil {
		err = errors.Join(err, w.streams.close())
	}
	w.done.Wait()
	return err
}

func (w *Wire) read() {
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := w.conn.ReadFromUDPAddrPort(buffer)
		w.reportUnreachable()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case pendingError(err):
			continue
		case err != nil:
			if w.options.Failed != nil {
				w.options.Failed(fmt.Errorf("receiving SIP over UDP: %w", err))
			}
			return
		}
		w.take(buffer[:n], unmapped(from))
	}
}

// take parses one datagram and hands it on.
func (w *Wire) take(data []byte, from netip.AddrPort) {
	if len(bytes.Trim(data, "\r\n\x00")) == 0 {
		return // keepalive (RFC 5626 §3.5.1)
	}
	msg, err := sipua.Parse(data)
	if err != nil {
		w.options.Log.Debug("malformed SIP", "from", from, "error", err)
	}
	if msg != nil {
		w.took(sipua.Received{SIP: msg, From: from, Transport: sipua.UDP, Fault: err})
	}
}

// took hands a message on that has come in over whatever.
func (w *Wire) took(m sipua.Received) {
	select {
	case w.in <- m:
	case <-w.closing:
	}
}

// receive hands messages to the Receive function.
func (w *Wire) receive() {
	for {
		select {
		case m := <-w.in:
			w.options.Receive(m)
		case <-w.closing:
			return
		}
	}
}

func (w *Wire) reportUnreachable() {
	for _, r := range unreachable(w.conn) {
		switch {
		case !w.sent.has(r):
			w.options.Log.Debug("ignoring an ICMP error that does not quote our message", "about", r.to)
		case w.options.Unreachable != nil:
			w.options.Unreachable(r.to)
		}
	}
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
