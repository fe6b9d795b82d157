// Package holdfast is the whole product as one value: a call-transfer server
// that hands a customer from one person to the next and never lets go of them.
// It wires the packages below it and decides nothing itself.
package holdfast

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"holdfast/api"
	"holdfast/call"
	"holdfast/config"
	"holdfast/directory"
	"holdfast/dispatch"
	"holdfast/journal"
	"holdfast/media"
	"holdfast/sipleg"
	"holdfast/siptransport"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// Version is what the server calls itself on the wire and on the command line.
const Version = "0.1"

// Options say how a Server runs.
type Options struct {
	// Config comes from directory.Default, Load or Parse.
	Config config.Config
	// Log is where the server says what it does; nil: slog.Default().
	Log *slog.Logger
	// WrapJournal, WrapFloor and WrapSender, when set, stand between the server
	// and its journal, what is kept of agents and queues, and the wire: to
	// watch, to delay, to fail. The product sets none.
	WrapJournal func(switchboard.Journal) switchboard.Journal
	WrapFloor   func(switchboard.Store) switchboard.Store
	WrapSender  func(sipleg.Sender) sipleg.Sender
}

// A Server is a running Holdfast.
type Server struct {
	log        *slog.Logger
	engine     *media.Engine
	journal    *journal.Journal
	dispatcher *dispatch.Dispatcher
	board      *switchboard.Switchboard
	legs       *sipleg.Legs
	phones     *sipleg.Registrar
	wire       *siptransport.Wire
	http       *http.Server
	apiAddr    netip.AddrPort
	failed     chan error
	ready      chan struct{} // closed when what comes in on the wire may be taken
	closing    chan struct{} // closed when nothing is taken any more
	close      sync.Once
}

// Start starts a server, takes every contact that the journal still holds over
// from whoever had it before, and only then answers anything new. It returns
// when all of that is done. ctx bounds the start, not the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Server{log: o.Log, failed: make(chan error, 1), ready: make(chan struct{}), closing: make(chan struct{})}
	if err := s.start(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, o Options) (err error) {
	c := o.Config
	if s.engine, err = startMedia(c.Media, c.Audios, o.Log); err != nil {
		return fmt.Errorf("starting media: %w", err)
	}
	if s.journal, err = journal.Open(ctx, journal.Options{Dir: c.Journal.Dir, Owner: node(), Log: o.Log}); err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	var kept switchboard.Journal = s.journal
	if o.WrapJournal != nil {
		kept = o.WrapJournal(kept)
	}
	if err := s.listen(c.SIP); err != nil {
		return err
	}
	dir := directory.New(c)
	if err := s.readRouting(ctx, o, dir); err != nil {
		return err
	}
	s.board = switchboard.New(switchboard.Options{
		Node: node(), Journal: kept, Rooms: rooms{s.engine}, Directory: dir, Router: s.dispatcher, Log: o.Log,
	})
	s.dispatcher.Notify = s.board.Post
	s.speak(o, dir)
	n, err := s.board.Recover(ctx)
	if err != nil {
		return fmt.Errorf("taking contacts over: %w", err)
	}
	if n > 0 {
		s.log.Info("took contacts over", "contacts", n)
	}
	s.dispatcher.Begin(s.board.Contacts())
	close(s.ready)
	return s.serveAPI(c, kept, dir)
}

// readRouting reads which phones are registered, and how agents and queues are.
func (s *Server) readRouting(ctx context.Context, o Options, dir *directory.Directory) (err error) {
	var routing switchboard.Store = s.journal
	if o.WrapFloor != nil {
		routing = o.WrapFloor(routing)
	}
	if err := dir.KeepPhones(ctx, routing); err != nil {
		return err
	}
	s.dispatcher, err = dispatch.New(ctx, o.Config, routing, o.Log)
	return err
}

// speak makes what speaks over the wire.
func (s *Server) speak(o Options, dir *directory.Directory) {
	var sender sipleg.Sender = s.wire
	if o.WrapSender != nil {
		sender = o.WrapSender(sender)
	}
	us := local(s.wire.Address(), o.Config)
	s.legs = sipleg.New(sipleg.Options{
		Local: us, Sender: sender, Engine: s.engine, Addresses: dir, Board: s.board, Log: o.Log,
	})
	s.board.Legs = s.legs
	s.phones = sipleg.StartRegistrar(sipleg.RegistrarOptions{
		Local: us, Sender: sender, Phones: phones{dir}, For: o.Config.SIP.RegisterFor,
		Digest: o.Config.SIP.Digest, Log: o.Log,
	})
}

func startMedia(c config.Media, audios map[call.Audio][]int16, log *slog.Logger) (*media.Engine, error) {
	return media.Start(media.Options{
		Address: c.Address, FirstPort: c.FirstPort, LastPort: c.LastPort,
		RecordDir: c.RecordDir, OnRequest: !c.RecordAll, Audios: audios, Log: log,
	})
}

// listen binds the SIP address. What comes in waits until the server is ready:
// a retransmission for a contact that is about to be taken over must find it.
func (s *Server) listen(c config.SIP) (err error) {
	s.wire, err = siptransport.Listen(siptransport.WireOptions{
		Address:    c.Listen,
		Transports: c.Transports,
		Receive: func(m sipua.Received) {
			if s.awaitReady() && !s.phones.Receive(m) {
				s.legs.Receive(m)
			}
		},
		Unreachable: func(addr netip.AddrPort) {
			if s.awaitReady() {
				s.legs.Unreachable(addr)
			}
		},
		Log: s.log,
	})
	if err != nil {
		return fmt.Errorf("listening for SIP at %s: %w ([sip] listen says where)", c.Listen, err)
	}
	return nil
}

// awaitReady reports whether what comes in on the wire may be taken, as soon as
// it is known: a server that does not start never takes anything.
func (s *Server) awaitReady() bool {
	select {
	case <-s.ready:
		return true
	case <-s.closing:
		return false
	}
}

func (s *Server) serveAPI(c config.Config, kept switchboard.Journal, dir *directory.Directory) error {
	l, err := net.Listen("tcp", c.API.Listen.String())
	if err != nil {
		return fmt.Errorf("listening for the API at %s: %w ([api] listen says where)", c.API.Listen, err)
	}
	var keys []string
	for _, k := range c.Keys {
		keys = append(keys, string(k.Secret))
	}
	s.apiAddr = l.Addr().(*net.TCPAddr).AddrPort()
	s.http = &http.Server{
		Handler: api.Handler(api.Options{
			Board: s.board, Journal: kept, Directory: dir, Routing: people{s.dispatcher}, Keys: keys, Address: s.apiAddr.Addr(),
			Recording: c.Media.RecordDir != "", Version: Version, Log: s.log,
		}),
		ReadHeaderTimeout: 5 * time.Second,
	}
	go func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serving the API: %w", err)
		}
	}()
	return nil
}

// SIPAddress is where the server listens for SIP.
func (s *Server) SIPAddress() netip.AddrPort { return s.wire.Address() }

// APIAddress is where the server listens for HTTP.
func (s *Server) APIAddress() netip.AddrPort { return s.apiAddr }

// LegCount is how many lines the server holds, in all contacts together. When no
// contact is left, none must be.
func (s *Server) LegCount() int { return s.board.LegCount() }

// Wait returns when ctx ends (nil) or when the server cannot go on (why).
func (s *Server) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// Close stops the server. Contacts are not ended: the journal keeps them, and
// the next Start takes them over.
func (s *Server) Close() error {
	s.close.Do(func() { close(s.closing) })
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var errs []error
	if s.http != nil {
		errs = append(errs, s.http.Close()) // event streams never end by themselves
	}
	if s.wire != nil {
		errs = append(errs, s.wire.Close())
	}
	if s.phones != nil {
		s.phones.Close()
	}
	if s.board != nil {
		errs = append(errs, s.board.Close(ctx))
	}
	if s.dispatcher != nil {
		s.dispatcher.Close()
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	if s.journal != nil {
		errs = append(errs, s.journal.Close())
	}
	return errors.Join(errs...)
}

// node names this process's place: contacts that a process of the same name
// left behind are its own.
func node() string {
	name, err := os.Hostname()
	if err != nil {
		return "holdfast"
	}
	return strings.ReplaceAll(name, ".", "-")
}
