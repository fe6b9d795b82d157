// Package api is Holdfast for machines: contacts, transfers, agents and queues
// over HTTP, a stream of events, and an OpenAPI description of it all. It passes
// requests on and never decides about them.
package api

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"holdfast/call"
	"holdfast/hostcheck"
	"holdfast/switchboard"
)

// A Board runs the contacts.
type Board interface {
	// Request takes a person's request to a contact and returns the contact
	// once the journal has it. A *call.Refusal is the reason why nothing was done; a
	// *switchboard.DialError means that a target may not be dialled; after any other
	// error nothing has been done either.
	Request(ctx context.Context, id call.ContactID, ev call.Event) (call.Contact, error)
	// Contacts are all that are not over.
	Contacts() []call.Contact
	// Contact is one of them.
	Contact(id call.ContactID) (call.Contact, bool)
	// AdmitsWork returns an error while requests that ask for more than an end or
	// an answer would be turned away. It costs next to nothing.
	AdmitsWork() error
}

// A Journal reads the history of contacts. switchboard.Journal describes its methods.
type Journal interface {
	History(ctx context.Context, id call.ContactID) iter.Seq2[switchboard.Entry, error]
	Follow(ctx context.Context, after uint64) iter.Seq2[switchboard.Entry, error]
	Last(ctx context.Context) (uint64, error)
}

// A Directory knows the endpoints that can be reached. A *switchboard.DialError from
// it means that no endpoint has that name.
type Directory interface {
	// Endpoints returns all endpoints that have a name, agents among them.
	Endpoints() []call.Endpoint
	Endpoint(written string) (call.Endpoint, error)
}

// Options configure a Handler.
type Options struct {
	Board     Board
	Journal   Journal
	Directory Directory
	Routing   Routing         // nil: without agents' states and queues
	Sessions  Sessions        // nil: agents do not log in
	Phones    Phones          // nil: how agents' phones are reached is not shown
	Keys      []string        // one of which every request must show; none: requests need no key
	Names     hostcheck.Names // by which it may be asked
	// Recognised is called with each request that shows a key, or with every request
	// if Keys is empty; nil: not.
	Recognised func(*http.Request)
	Recording  bool         // there is a place for recordings
	Version    string       // of the server
	Log        *slog.Logger // nil: slog.Default()

	// Troubles returns the lines whose audio does not get through now, in a sentence
	// each; nil: unknown.
	Troubles func() []string
	// Damage returns the damage found in the journal, a line each; nil: none.
	Damage func() []string
	// Health returns why the server cannot do its work now; nil: it always can.
	Health func(context.Context) error
}

// patience is how long a request waits for the journal to work again.
const patience = 5 * time.Second

// longestBody is more than any request needs, in bytes.
const longestBody = 16 << 10

type server struct {
	Options
	readers chan struct{} // holds a value for each reader of events
}

// Handler serves the interface under /v1 and its description at /openapi.json.
// Without Options.Keys it must only listen on loopback addresses. It refuses requests
// that a foreign web page may have made a browser send.
func Handler(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	mux := http.NewServeMux()
	describe(routes(mux, &server{o, make(chan struct{}, mostReaders)}), len(o.Keys) > 0)
	admits := func() error { return o.Board.AdmitsWork() }
	return behindDoor(o, unlessBehind(admits, known(mux)))
}

// Unready answers every request that the server is not ready, with the reason from
// Options.Health. It uses neither board nor journal.
func Unready(o Options) http.Handler {
	return behindDoor(o, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "1")
		turnAway(http.StatusServiceUnavailable, unhealthy(r.Context(), o.Health(r.Context()))).ServeHTTP(w, r)
	}))
}

func behindDoor(o Options, next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(turnAway(http.StatusForbidden, "requests from other web pages are not taken"))
	return onlyHere(o.Names, crossOrigin.Handler(keyed(o.Keys, o.Recognised, next)))
}

func routes(mux *http.ServeMux, s *server) huma.API {
	config := huma.DefaultConfig("Holdfast", s.Version)
	config.Info.Description = "Contacts, and the transfers in which they are handed from one person to the next. " +
		"Durations are strings such as 20s or 1m30s. Errors are problems as RFC 9457 has them."
	config.DocsPath, config.SchemasPath = "", ""
	config.CreateHooks = nil // no $schema in answers: a contact is the contact
	config.RejectUnknownQueryParameters = true
	api := humago.New(mux, config)
	api.OpenAPI().Components.Schemas.RegisterTypeAlias(reflect.TypeFor[call.Timed](), reflect.TypeFor[timedEvent]())
	s.contactRoutes(api)
	s.transferRoutes(api)
	s.partyRoutes(api)
	s.verbRoutes(api)
	s.lineRoutes(api)
	s.eventRoutes(api)
	s.historyRoutes(api)
	s.endpointRoutes(api)
	s.agentRoutes(api)
	s.sessionRoutes(api)
	s.queueRoutes(api)
	s.healthRoutes(api)
	return api
}
