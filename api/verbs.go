package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/call"
)

type verbRequest struct {
	ContactPath
	Body *struct {
		By call.ConnectionID `json:"by,omitempty" minimum:"1" doc:"the connection of the agent who asks; the agent with the customer when empty"`
	}
}

type muteRequest struct {
	ContactPath
	Body struct {
		Muted bool              `json:"muted" doc:"whether the agent is muted from now on"`
		By    call.ConnectionID `json:"by,omitempty" minimum:"1" doc:"the connection of the agent who asks; the agent with the customer when empty"`
	}
}

// A verb is an agent's request without parameters.
type verb struct {
	name, summary, description string
	event                      func(by call.ConnectionID) call.Event
}

var verbs = []verb{
	{
		"swap", "Talk to the other one of customer and target",
		"While a warm transfer's target is consulted. Who was talked to hears hold audio.",
		func(by call.ConnectionID) call.Event { return call.SwapRequested{By: by} },
	},
	{
		"conference", "Have agent, customer and target all hear each other",
		"While a warm transfer's target is consulted.",
		func(by call.ConnectionID) call.Event { return call.ConferenceRequested{By: by} },
	},
	{
		"complete", "Give the customer to the target who is being consulted",
		"The agent is released as soon as customer and target have two-way audio; until then the contact is joining.",
		func(by call.ConnectionID) call.Event { return call.CompleteRequested{By: by} },
	},
	{
		"leave", "Leave the contact without ending it",
		"While a target rings, the transfer goes on without the agent; while one is consulted, it is completed. An agent who is alone with the customer cannot leave.",
		func(by call.ConnectionID) call.Event { return call.LeaveRequested{By: by} },
	},
	{
		"end", "End the contact and drop all parties",
		"The contact is over, and with it every line.",
		func(by call.ConnectionID) call.Event { return call.EndRequested{By: by} },
	},
}

func (s *server) verbRoutes(api huma.API) {
	errors := []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable}
	const path = "/v1/contacts/{id}/"
	for _, v := range verbs {
		huma.Register(api, huma.Operation{
			OperationID: v.name, MaxBodyBytes: longestBody, Method: http.MethodPost, Path: path + v.name,
			Summary: v.summary, Description: v.description, Errors: errors,
		}, func(ctx context.Context, in *verbRequest) (*contactAnswer, error) {
			var by call.ConnectionID
			if in.Body != nil {
				by = in.Body.By
			}
			return s.doing(ctx, in.ID, by, v.event)
		})
	}
	huma.Register(api, huma.Operation{
		OperationID: "mute", MaxBodyBytes: longestBody, Method: http.MethodPost, Path: path + "mute",
		Summary: "Mute or unmute the agent", Errors: errors,
	}, s.mute)
}

func (s *server) mute(ctx context.Context, in *muteRequest) (*contactAnswer, error) {
	return s.doing(ctx, in.ID, in.Body.By, func(by call.ConnectionID) call.Event {
		return call.MuteRequested{By: by, Muted: in.Body.Muted}
	})
}

func (s *server) doing(ctx context.Context, id call.ContactID, by call.ConnectionID, event func(call.ConnectionID) call.Event) (*contactAnswer, error) {
	return contactAnswered(s.request(ctx, id, by, func(_ call.Contact, by call.ConnectionID) call.Event { return event(by) }))
}
