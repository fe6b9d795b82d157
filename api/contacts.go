package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/call"
)

// ContactPath is the part of a path that names a contact. It is exported only
// because huma does not fill in an embedded type that is not.
type ContactPath struct {
	ID call.ContactID `path:"id" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"the contact's id"`
}

type contactAnswer struct {
	Body call.Contact
}

func contactAnswered(c call.Contact, err error) (*contactAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &contactAnswer{c}, nil
}

type contactsAnswer struct {
	Body struct {
		Contacts []call.Contact `json:"contacts" doc:"oldest first"`
	}
}

func (s *server) contactRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "listContacts", Method: http.MethodGet, Path: "/v1/contacts",
		Summary: "All contacts that are not over",
	}, s.listContacts)
	huma.Register(api, huma.Operation{
		OperationID: "showContact", Method: http.MethodGet, Path: "/v1/contacts/{id}",
		Summary: "One contact, also one that is over",
		Errors:  []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}, s.showContact)
}

func (s *server) listContacts(context.Context, *struct{}) (*contactsAnswer, error) {
	answer := new(contactsAnswer)
	answer.Body.Contacts = s.live()
	slices.SortFunc(answer.Body.Contacts, func(a, b call.Contact) int {
		return cmp.Or(a.Arrived.Compare(b.Arrived), cmp.Compare(a.ID, b.ID))
	})
	return answer, nil
}

// live is every contact that is not over. The board keeps one that is for as
// long as late messages for its lines may come.
func (s *server) live() []call.Contact {
	live := []call.Contact{}
	for _, c := range s.Board.Contacts() {
		if c.Stage != call.Over {
			live = append(live, c)
		}
	}
	return live
}

func (s *server) showContact(ctx context.Context, in *ContactPath) (*contactAnswer, error) {
	return contactAnswered(s.find(ctx, in.ID))
}

// find is the contact as it is, or as it was at its end.
func (s *server) find(ctx context.Context, id call.ContactID) (call.Contact, error) {
	if c, live := s.Board.Contact(id); live {
		return c, nil
	}
	var c call.Contact
	found := false
	for e, err := range s.Journal.History(ctx, id) {
		if err != nil {
			return call.Contact{}, s.journalProblem(id, err)
		}
		c, found = e.Contact, true
	}
	if !found {
		return call.Contact{}, neverWas(id)
	}
	return c, nil
}

// request takes an agent's request to the contact. Zero for the agent's
// connection means the agent with the customer.
func (s *server) request(ctx context.Context, id call.ContactID, by call.ConnectionID, ask func(call.Contact, call.ConnectionID) call.Event) (call.Contact, error) {
	c, live := s.Board.Contact(id)
	if !live {
		return call.Contact{}, gone(id)
	}
	if by == 0 {
		by = actingAgent(c)
	}
	return s.ask(ctx, id, ask(c, by))
}

func (s *server) ask(ctx context.Context, id call.ContactID, ev call.Event) (call.Contact, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := s.Board.Request(ctx, id, ev)
	if err != nil {
		return call.Contact{}, s.boardProblem(id, err)
	}
	return c, nil
}

// actingAgent returns the connection of the agent who is connected, or at
// least rings; 0: there is none.
func actingAgent(c call.Contact) call.ConnectionID {
	var agent call.ConnectionID
	for _, who := range c.Connections {
		if who.Party != call.Agent {
			continue
		}
		if who.State == call.Connected {
			return who.ID
		}
		agent = who.ID
	}
	return agent
}
