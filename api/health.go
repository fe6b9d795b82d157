package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// healthPath needs no key.
const healthPath = "/healthz"

func (s *server) healthRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "health", Method: http.MethodGet, Path: healthPath, Summary: "Whether the server is healthy",
		Description: "The answer is 503, with the reason, while the server is starting and while the journal takes no entries, such as when " +
			"the disk is full: calls go on, and requests that would change one wait. If nothing was written in the last 2 s, the " +
			"server writes something to find out. It is 200 again as soon as the journal works.",
		Errors: []int{http.StatusServiceUnavailable},
	}, s.health)
}

type healthAnswer struct {
	Body struct {
		Version  string   `json:"version" doc:"of the server"`
		Contacts int      `json:"contacts" doc:"how many are not over"`
		Troubles []string `json:"troubles,omitempty" nullable:"false" doc:"the lines whose audio does not get through now: nothing can be sent to them, or nothing has come from them for 5 s. The log says when each began"`
		Damage   []string `json:"damage,omitempty" nullable:"false" doc:"the damage found in the journal when the server started, a place each: the entries lost, and those found again. The server carries on everything else"`
	}
}

// health answers 200 even if the journal was damaged: the server carries on the
// contacts that are left. Without a key, the answer does not name contacts and
// agents.
func (s *server) health(ctx context.Context, _ *struct{}) (*healthAnswer, error) {
	if s.Health != nil {
		if err := s.Health(ctx); err != nil {
			return nil, retrySoon(unhealthy(ctx, err))
		}
	}
	answer := new(healthAnswer)
	answer.Body.Version, answer.Body.Contacts = s.Version, len(s.live())
	answer.Body.Damage = listed(ctx, s.Damage, "%d places in the journal; show a key to see which")
	answer.Body.Troubles = listed(ctx, s.Troubles, "%d lines; show a key to see which")
	return answer, nil
}

// listed returns the list that a function returns, or without a key only its
// length.
func listed(ctx context.Context, list func() []string, count string) []string {
	if list == nil {
		return nil
	}
	all := list()
	if n := len(all); n > 0 && isStranger(ctx) {
		return []string{fmt.Sprintf(count, n)}
	}
	return all
}

// unhealthy is the sentence about a server that cannot do its work. The reason
// names files and contacts, which an answer without a key leaves out.
func unhealthy(ctx context.Context, err error) string {
	if isStranger(ctx) {
		return "the server takes no calls and requests now; show a key to see why"
	}
	return fmt.Sprintf("the server takes no calls and requests now: %v", err)
}
