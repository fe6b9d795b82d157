package holdfast

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"holdfast/api"
	"holdfast/config"
	"holdfast/directory"
	"holdfast/journal"
)

// This file opens the HTTP interface and the journal, before the server is ready.

// openAgainAfter is how long a journal that could not be opened is left alone.
const openAgainAfter = time.Second

var errStarting = errors.New("the server is starting: it takes its contacts over")

// openJournal opens the journal, and the HTTP interface. A disk that does not take
// the journal, because it is full or read-only, is waited for.
func (s *Server) openJournal(ctx context.Context, o Options) error {
	for said := ""; ; {
		j, err := o.OpenJournal(ctx)
		if err == nil {
			s.journal = watch(j, o.Node)
			return s.listenAPI(o.Config, s.unready)
		}
		if !journal.MayPass(err) {
			return fmt.Errorf("opening the journal: %w", err)
		}
		if err.Error() != said {
			said = err.Error()
			s.log.Error("waiting for the journal: its disk refuses writes, and the server takes no calls until it accepts them", "error", err)
		}
		if err := s.listenAPI(o.Config, func(context.Context) error { return err }); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("opening the journal: %w", err)
		case <-time.After(openAgainAfter):
		}
	}
}

// unready returns why a server whose journal is open is not ready yet.
func (s *Server) unready(context.Context) error {
	if _, err := s.journal.trouble(); err != nil {
		return err
	}
	return errStarting
}

// listenAPI opens the HTTP interface, if it is configured, which answers for now that
// the server is not ready, and why.
func (s *Server) listenAPI(c config.Config, why func(context.Context) error) error {
	if !c.API.Listen.IsValid() {
		return nil
	}
	if s.http == nil {
		l, err := net.Listen("tcp", c.API.Listen.String())
		if err != nil {
			return fmt.Errorf("listening for the API at %s: %w ([api] listen sets the address)", c.API.Listen, err)
		}
		s.apiAddr = l.Addr().(*net.TCPAddr).AddrPort()
		s.show(api.Unready(s.apiOptions(c, why)))
		s.http = httpServer(s.strictly(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*s.api.Load()).ServeHTTP(w, r) })), s.log)
		go func() { // ends with Close
			if err := s.http.Serve(s.overTLS(httpDoor(l))); !errors.Is(err, http.ErrServerClosed) {
				s.fail(fmt.Errorf("serving the API: %w", err))
			}
		}()
	}
	s.show(api.Unready(s.apiOptions(c, why)))
	return nil
}

func (s *Server) show(h http.Handler) { s.api.Store(&h) }

// serveAPI makes the HTTP interface answer all requests.
func (s *Server) serveAPI(c config.Config, dir *directory.Directory) {
	if s.http == nil {
		return
	}
	o := s.apiOptions(c, s.journal.health)
	o.Board, o.Journal, o.Directory, o.Routing = s.board, s.journal, dir, s.dispatcher
	o.Phones = s.agentPhones
	if s.page != nil {
		o.Sessions = sessions{s.page.panel}
	}
	o.Recording, o.Damage, o.Troubles = c.Media.RecordDir != "", s.journal.Damage, s.engine.Troubles
	s.show(api.Handler(o))
}

// apiOptions are those that the HTTP interface has from the beginning.
func (s *Server) apiOptions(c config.Config, health func(context.Context) error) api.Options {
	var keys []string
	for _, k := range c.Keys {
		keys = append(keys, string(k.Secret))
	}
	return api.Options{Keys: keys, Recognised: recognised, Names: names(c, s.apiAddr), Health: health, Version: Version, Log: s.log}
}
