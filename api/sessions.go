package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Sessions know where agents are logged in to their page.
type Sessions interface {
	// Sessions returns where an agent is logged in, oldest first; false if no agent
	// who may log in has that name, in any case.
	Sessions(agent string) ([]Session, bool)
	// EndSessions ends the session of that id, or all of the agent if it is empty,
	// and returns how many have ended. Their windows are closed at once.
	EndSessions(ctx context.Context, agent, id string) (int, error)
}

// A Session is a browser in which an agent is logged in, or a page there that embeds
// the agents' page and gets no cookie.
type Session struct {
	ID       string    `json:"id" doc:"names it among those of the agent; it is no secret"`
	Begun    time.Time `json:"begun" doc:"when the agent logged in"`
	Until    time.Time `json:"until" doc:"when it ends, whatever the agent does; in a call at most 4 hours later"`
	Used     time.Time `json:"used" doc:"when a window was connected last, as far as the server knows: a restart counts"`
	Embedded bool      `json:"embedded" doc:"it belongs to a page that embeds the agents' page, and ends with the session of the browser"`
	Windows  int       `json:"windows" doc:"how many windows are connected"`
}

type sessionPath struct {
	AgentPath
	Session string `path:"session" minLength:"1" maxLength:"64" doc:"the id of one"`
}

type sessionsAnswer struct {
	Body struct {
		Sessions []Session `json:"sessions" doc:"oldest first"`
	}
}

type endedAnswer struct {
	Body struct {
		Ended int `json:"ended" doc:"how many sessions have ended"`
	}
}

func (s *server) sessionRoutes(api huma.API) {
	const path = "/v1/agents/{name}/sessions"
	huma.Register(api, huma.Operation{
		OperationID: "listSessions", Method: http.MethodGet, Path: path,
		Summary: "Where an agent is logged in to their page", Errors: []int{http.StatusNotFound, http.StatusNotImplemented},
	}, s.listSessions)
	errors := []int{http.StatusNotFound, http.StatusNotImplemented, http.StatusServiceUnavailable}
	const atOnce = "Their windows are closed at once, also in a call, whose audio is lost. "
	huma.Register(api, huma.Operation{
		OperationID: "endSessions", Method: http.MethodDelete, Path: path,
		Summary: "Log an agent out everywhere", Description: atOnce + "The agent is offline afterwards.", Errors: errors,
	}, s.endSessions)
	huma.Register(api, huma.Operation{
		OperationID: "endSession", Method: http.MethodDelete, Path: path + "/{session}",
		Summary: "Log an agent out in one browser", Description: atOnce + "All sessions of that browser end.", Errors: errors,
	}, s.endSession)
}

func (s *server) listSessions(_ context.Context, in *AgentPath) (*sessionsAnswer, error) {
	list, err := s.sessionsOf(in.Name)
	if err != nil {
		return nil, err
	}
	answer := new(sessionsAnswer)
	answer.Body.Sessions = append([]Session{}, list...)
	return answer, nil
}

func (s *server) endSessions(ctx context.Context, in *AgentPath) (*endedAnswer, error) {
	return s.end(ctx, in.Name, "")
}

func (s *server) endSession(ctx context.Context, in *sessionPath) (*endedAnswer, error) {
	return s.end(ctx, in.Name, in.Session)
}

func (s *server) sessionsOf(agent string) ([]Session, error) {
	if s.Sessions == nil {
		return nil, problem(http.StatusNotImplemented, "this server has no page to which agents log in")
	}
	list, known := s.Sessions.Sessions(agent)
	if !known {
		return nil, problem(http.StatusNotFound, "no agent with a login is called "+agent)
	}
	return list, nil
}

func (s *server) end(ctx context.Context, agent, id string) (*endedAnswer, error) {
	if _, err := s.sessionsOf(agent); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ended, err := s.Sessions.EndSessions(ctx, agent, id)
	if err != nil {
		s.Log.Warn("the sessions of an agent were not ended", "agent", agent, "error", err)
		return nil, retrySoon("the journal is not available, so nothing was done; try again")
	}
	if id != "" && ended == 0 {
		return nil, problem(http.StatusNotFound, agent+" has no session "+id)
	}
	answer := new(endedAnswer)
	answer.Body.Ended = ended
	return answer, nil
}
