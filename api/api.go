// Package api is Holdfast for machines: contacts, transfers, agents and queues
// over HTTP, a stream of what happens, and an OpenAPI description of it all. It
// passes requests on and never decides what becomes of them.
package api

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/netip"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"holdfast/call"
	"holdfast/switchboard"
)

// A Board runs the contacts.
type Board interface {
	// Request takes a person's request to a contact and returns the contact
	// once the journal has it. A *call.Refusal says why nothing was done, a
	// *switchboard.DialError that a target may not be dialled; after any other
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

// A Journal tells what has happened. switchboard.Journal says more about its
// methods.
type Journal interface {
	History(ctx context.Context, id call.ContactID) iter.Seq2[switchboard.Entry, error]
	Follow(ctx context.Context, after uint64) iter.Seq2[switchboard.Entry, error]
	Last(ctx context.Context) (uint64, error)
}

// A Directory knows who can be reached. A *switchboard.DialError from it
// says that nobody has that name.
type Directory interface {
	// Endpoints are everybody who can be named, agents among them.
	Endpoints() []call.Endpoint
	Endpoint(written string) (call.Endpoint, error)
}

// Options are what a Handler needs.
type Options struct {
	Board     Board
	Journal   Journal
	Directory Directory
	Routing   Routing      // nil: there are no agents' states and no queues
	Keys      []string     // one of which every request must show; none: nobody is asked
	Address   netip.Addr   // where it is served, if not at loopback addresses alone
	Recording bool         // there is a place for recordings
	Version   string       // of the server
	Log       *slog.Logger // nil: slog.Default()

	// Damage returns what of the journal was found damaged, a line each; nil:
	// nothing.
	Damage func() []string
}

// patience is how long a request waits for the journal to work again.
const patience = 5 * time.Second

// longestBody is more than any request has to say, in bytes.
const longestBody = 16 << 10

// healthPath is open to everybody.
const healthPath = "/healthz"

type server struct {
	Options
}

// Handler serves the interface under /v1 and its description at /openapi.json.
// Without Options.Keys it must only listen on loopback addresses. It turns away
// what a foreign web page may have made a browser send.
func Handler(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	mux := http.NewServeMux()
	describe(routes(mux, &server{o}), len(o.Keys) > 0)

	admits := func() error { return o.Board.AdmitsWork() }
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(turnAway(http.StatusForbidden, "requests from other web pages are not taken"))
	return onlyHere(o.Address, crossOrigin.Handler(keyed(o.Keys, unlessBehind(admits, known(mux)))))
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
	s.queueRoutes(api)
	huma.Register(api, huma.Operation{
		OperationID: "health", Method: http.MethodGet, Path: healthPath, Summary: "Is the server running?",
	}, s.health)
	return api
}

type healthAnswer struct {
	Body struct {
		Version  string   `json:"version" doc:"of the server"`
		Contacts int      `json:"contacts" doc:"how many are not over"`
		Damage   []string `json:"damage,omitempty" nullable:"false" doc:"what of the journal was found damaged when the server started, a place each: what was lost, and what was found again. The server carries on everything else"`
	}
}

// health answers 200 even if the journal was damaged: whatever is left is carried
// on. Those who show no key are not told the names of contacts and agents.
func (s *server) health(ctx context.Context, _ *struct{}) (*healthAnswer, error) {
	answer := new(healthAnswer)
	answer.Body.Version, answer.Body.Contacts = s.Version, len(s.live())
	if s.Damage == nil {
		return answer, nil
	}
	answer.Body.Damage = s.Damage()
	if n := len(answer.Body.Damage); n > 0 && isStranger(ctx) {
		answer.Body.Damage = []string{fmt.Sprintf("%d places in the journal; show a key to see which", n)}
	}
	return answer, nil
}
