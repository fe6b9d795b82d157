// Package holdfast is the whole product as one value: a call-transfer server that hands
// a customer from one person to the next and never loses them. It wires the packages
// below it and decides nothing itself.
package holdfast

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/directory"
	"holdfast/dispatch"
	"holdfast/media"
	"holdfast/sipleg"
	"holdfast/siptransport"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// Version is the server's version as it gives it on the wire and on the command line.
const Version = "0.1"

// A Server is a running Holdfast. Its methods may be called by any goroutine.
type Server struct {
	log         *slog.Logger
	engine      *media.Engine
	journal     *watchedJournal
	dispatcher  *dispatch.Dispatcher
	board       *switchboard.Switchboard
	sipLegs     *sipleg.Legs
	page        *page // nil without agents who log in
	phones      *sipleg.Registrar
	agentPhones *phones
	sip         SIPTransport
	http        *http.Server
	api         atomic.Pointer[http.Handler]
	apiAddr     netip.AddrPort
	tls         *tls.Config // nil: plain HTTP
	strict      bool        // responses have Strict-Transport-Security
	failed      chan error
	ready       chan struct{} // closed by open when messages that come in are taken
	open        func()
	closing     chan struct{} // closed when no message is taken any more
	close       sync.Once
	closed      error // its result
}

// closeWithin is how long a server whose start has failed waits for the writes under
// way.
const closeWithin = 5 * time.Second

// Start starts a server and takes over every contact that the journal still holds. It
// returns when messages are taken and new callers are answered. A crowd of contacts may
// still be claimed then: see switchboard.Recover. While the disk refuses the journal,
// Start waits, and the HTTP interface reports that. ctx bounds the start, not the
// server.
func Start(ctx context.Context, o Options) (*Server, error) {
	o = o.filled()
	s := &Server{log: o.Log, failed: make(chan error, 1), ready: make(chan struct{}), closing: make(chan struct{})}
	s.open = sync.OnceFunc(func() { close(s.ready) })
	if err := s.start(ctx, o); err != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		return nil, errors.Join(err, s.Close(closing))
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, o Options) (err error) {
	c := o.Config
	if s.engine, err = startMedia(c, o.Log); err != nil {
		return fmt.Errorf("%w; [media] address, or [sip] listen without it, must be an address of this machine", err)
	}
	if err := s.openHTTPS(c); err != nil {
		return err
	}
	if err := s.openJournal(ctx, o); err != nil {
		return err
	}
	dir := directory.New(c)
	if s.sip, err = o.ListenSIP(s.receiver(c.SIP, dir)); err != nil {
		return fmt.Errorf("listening for SIP at %s: %w ([sip] listen sets the address)", c.SIP.Listen, err)
	}
	if err := s.assemble(ctx, o, dir); err != nil {
		return err
	}
	n, err := s.board.Recover(ctx)
	if err != nil {
		return fmt.Errorf("taking contacts over: %w", err)
	}
	if n > 0 {
		s.log.Info("took contacts over", "contacts", n)
	}
	s.open()
	if s.page != nil {
		if err := s.page.serve(s, c); err != nil {
			return err
		}
	}
	s.serveAPI(c, dir)
	return nil
}

// assemble makes the switchboard and the parts it works with.
func (s *Server) assemble(ctx context.Context, o Options, dir *directory.Directory) (err error) {
	c := o.Config
	if err := dir.KeepPhones(ctx, s.journal); err != nil {
		return err
	}
	if s.dispatcher, err = dispatch.New(ctx, c, s.journal, o.Log); err != nil {
		return err
	}
	router := &router{Dispatcher: s.dispatcher}
	s.board = switchboard.New(switchboard.Options{
		Node: o.Node, Journal: s.journal, Rooms: rooms{s.engine}, Directory: dir, Router: router, Log: o.Log,
		Restored:  func() { time.AfterFunc(claimsWithin, s.open) },
		Recovered: func() { s.dispatcher.Begin(s.board.Contacts()) },
	})
	s.dispatcher.Notify, s.dispatcher.AgentChanged = s.board.Post, router.agentChanged
	s.agentPhones = newPhones(c, dir)
	if s.page, err = s.openPage(c, dir); err != nil {
		return err
	}
	router.page, s.agentPhones.page = s.page, s.page
	s.speakSIP(c, dir)
	s.board.Legs = legs{s.sipLegs, s.page, c}
	return nil
}

// realm is the realm of the phones' passwords.
const realm = "holdfast"

// speakSIP makes the parts that answer SIP messages.
func (s *Server) speakSIP(c config.Config, dir *directory.Directory) {
	local := c.Local(s.sip.Address(), "Holdfast/"+Version)
	authenticator := sipua.NewAuthenticator(sipua.AuthenticatorOptions{
		Realm: realm, Secret: rand.Text(), Digest: dir.Digest, Proxy: local.Proxy, Account: dir.Account,
		Wrong: sipleg.LogWrongPasswords(s.log),
	})
	s.sipLegs = sipleg.New(sipleg.Options{
		Local: local, Sender: s.sip, Engine: s.engine, Addresses: dir, Authenticator: authenticator, Board: s.board, Log: s.log,
		AskAfter: c.SIP.AskAfter,
	})
	s.phones = sipleg.StartRegistrar(sipleg.RegistrarOptions{
		Local: local, Sender: s.sip, Phones: dir, Authenticator: authenticator, For: c.SIP.RegisterFor, Log: s.log,
		Changed: s.agentPhones.changed,
	})
}

func startMedia(c config.Config, log *slog.Logger) (*media.Engine, error) {
	return media.Start(media.Options{
		Address: c.Media.Address, FirstPort: c.Media.FirstPort, LastPort: c.Media.LastPort,
		RecordDir: c.Media.RecordDir, OnRequest: !c.Media.RecordAll, Audios: c.Audios, Log: log,
	})
}

// claimsWithin is how long messages wait for all contacts to be claimed, once their
// legs are there. A crowd takes longer: until then its messages are taken, and new
// callers are turned away and need not wait for an answer.
const claimsWithin = 300 * time.Millisecond

// receiver is the address of the SIP transport, and the receiver of its messages. The
// messages wait until the server is ready: a retransmission for a contact that is about
// to be taken over must find it.
func (s *Server) receiver(c config.SIP, dir *directory.Directory) SIPOptions {
	return SIPOptions{
		Address:    c.Listen,
		Transports: c.Transports,
		Peer:       func(at netip.AddrPort) siptransport.Peer { return s.peer(at, dir) },
		Receive: func(m sipua.Received) {
			if s.awaitReady() && !s.phones.Receive(m) {
				s.sipLegs.Receive(m)
			}
		},
		Unreachable: func(addr netip.AddrPort) {
			if s.awaitReady() {
				s.sipLegs.Unreachable(addr)
			}
		},
		Failed: s.fail,
		Log:    s.log,
	}
}

// awaitReady reports, as soon as that is known, whether messages may be taken: a
// server that does not start never takes any.
func (s *Server) awaitReady() bool {
	select {
	case <-s.ready:
		return true
	case <-s.closing:
		return false
	}
}

// fail has Wait return err; the first failure is the one that counts.
func (s *Server) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// SIPAddress is where the server listens for SIP.
func (s *Server) SIPAddress() netip.AddrPort { return s.sip.Address() }

// APIAddress is where the server listens for HTTP; invalid if it does not.
func (s *Server) APIAddress() netip.AddrPort { return s.apiAddr }

// PageAddress is where the agents' page is served; invalid if it is not.
func (s *Server) PageAddress() netip.AddrPort {
	if s.page == nil {
		return netip.AddrPort{}
	}
	return s.page.addr
}

// Contacts returns all contacts that are not over, as they were last written
// down, oldest first. The caller must not change anything they refer to.
func (s *Server) Contacts() []call.Contact { return s.board.Contacts() }

// Request puts a person's request to a contact and returns the contact once the
// request is written down. An error means that nothing has happened and nothing will.
// It is a *call.Refusal with a sentence for the person, a *switchboard.DialError for a
// target that may not be dialled, or one of package switchboard's errors.
func (s *Server) Request(ctx context.Context, contact call.ContactID, ev call.Request) (call.Contact, error) {
	return s.board.Request(ctx, contact, ev)
}

// Events yields every transition of every contact after the one at sequence
// after, and goes on as they happen until ctx ends. A reader that is too slow
// gets an error and may ask again from the last sequence it saw.
func (s *Server) Events(ctx context.Context, after uint64) iter.Seq2[switchboard.Entry, error] {
	return s.journal.Follow(ctx, after)
}

// Damage returns the damage found in the journal when the server started: the entries
// lost, and those found again, with their place, a line each.
func (s *Server) Damage() []string { return s.journal.Damage() }

// LegCount is how many legs the server holds, in all contacts together. When no
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

// Close stops the server, and waits until ctx ends for the writes under way. Contacts
// are not ended: the journal keeps them, and the next Start takes them over. People
// hear each other until the last moment. A second call waits for the first, and returns
// the same error.
func (s *Server) Close(ctx context.Context) error {
	s.close.Do(func() { s.closed = s.stop(ctx) })
	return s.closed
}

func (s *Server) stop(ctx context.Context) error {
	close(s.closing)
	var errs []error
	if s.http != nil {
		errs = append(errs, s.http.Close()) // event streams never end by themselves
	}
	errs = append(errs, s.page.close())
	if s.sip != nil {
		errs = append(errs, s.sip.Close())
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
	if s.journal != nil {
		s.journal.Stop()
	}
	return errors.Join(append(errs, s.closeAudio())...)
}

// closeAudio ends the audio, as late as possible. Once the ports are free another
// process may have the journal; the last of the recordings may take longer.
func (s *Server) closeAudio() error {
	if s.board != nil {
		s.board.Release()
	}
	errs := []error{s.page.closeLegs()}
	if s.journal != nil {
		errs = append(errs, s.journal.Close())
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	return errors.Join(errs...)
}
