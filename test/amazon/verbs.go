package amazon

import (
	"context"
	"errors"
	"time"
)

// A request comes from a page.
type request struct {
	method     string
	contact    string
	connection string
	endpoint   Endpoint
}

// A refusal is an error of the service, by its type and text.
type refusal struct{ kind, text string }

func (r *refusal) Error() string { return r.text }

// The types and texts of refusals were recorded at Amazon Connect, except those that
// the service makes up where no text is known.
var (
	noHold        = &refusal{"InvalidStateException", "Cannot put call on hold: Invalid contact state."}
	noConference  = &refusal{"InvalidStateException", "Cannot conference connections: Invalid contact state."}
	resumedBefore = &refusal{"CallAlreadyResumedException", "CallAlreadyResumedException"}
	noResume      = &refusal{"InternalServiceException", "Cannot resume connection from hold"}
	noConnection  = &refusal{"ConnectionNotFound", "ConnectionNotFound"}
	noContact     = &refusal{"ContactNotFoundException", "ContactNotFoundException"}
	noSecond      = &refusal{"LimitExceededException", "only one third party may be active"}
	noAddition    = &refusal{"InvalidStateException", "Cannot add connection: Invalid contact state."}
	noLeaving     = &refusal{"InternalServiceException", "Cannot destroy connection"}
)

// errSwallowed stands for a request that gets no answer.
var errSwallowed = errors.New("no answer")

// begin carries out a page's request. finish returns the answer, with the id of a
// connection that was added; it may take as long as the hostilities want.
func (s *Service) begin(r request) (finish func(context.Context) (added string, err error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.method)
	s.pending++
	s.wake()
	var added string
	var err error
	unheard := s.is(Unheard) || r.method == "conferenceConnections" && s.once(ConferenceUnheardOnce)
	if !unheard {
		added, err = s.perform(r)
	}
	late := err == nil && r.method == "createAdditionalConnection" && s.is(LateAnswer)
	if unheard || s.is(Unanswered) {
		added, err = "", errSwallowed
	}
	c := s.contact
	return func(ctx context.Context) (string, error) {
		if late {
			_ = s.await(ctx, func() bool { return s.contact != c || c.has(target, connected) }) // the page is gone
			waited, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
			<-waited.Done()
			cancel()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pending--
		s.wake()
		return added, err
	}
}

// perform carries out a page's request, and posts an update. The lock must be held.
func (s *Service) perform(r request) (added string, err error) {
	c := s.contact
	if c == nil || c.id != r.contact || c.removed {
		return "", noContact
	}
	x := c.find(r.connection)
	switch r.method {
	case "holdConnection", "resumeConnection", "destroyConnection":
		if x == nil || x.state == disconnected {
			return "", noConnection
		}
	}
	switch r.method {
	case "holdConnection":
		return "", s.hold(x)
	case "resumeConnection":
		return "", s.resume(x)
	case "destroyConnection":
		if x.party == agent && s.is(LeaveRefused) {
			return "", noLeaving
		}
		s.leave(c, x)
		if x.party == agent && s.is(LeaveRefusedYetDone) {
			s.changed()
			return "", noLeaving
		}
	case "createAdditionalConnection":
		return s.add(c, r.endpoint)
	case "conferenceConnections":
		return "", s.conference(c)
	case "clearContact", "completeContact":
		c.removed = c.ended
		s.state = available
	default:
		return "", &refusal{"NotSupported", r.method + " is not simulated"}
	}
	s.changed()
	return "", nil
}

func (s *Service) hold(x *connection) error {
	if x.state != connected {
		return noHold
	}
	x.set(hold)
	s.changed()
	if s.is(HoldRefusedYetDone) {
		return noHold
	}
	return nil
}

func (s *Service) resume(x *connection) error {
	if x.state != hold {
		return noResume
	}
	if s.once(ResumeRefusedOnce) {
		return resumedBefore
	}
	if !s.once(ResumeGrantedNotDone) {
		x.set(connected)
	}
	s.changed()
	return nil
}

// add dials a target. The others are held, as Amazon Connect does it.
func (s *Service) add(c *contact, to Endpoint) (added string, err error) {
	if c.ended {
		return "", noAddition
	}
	if c.has(target, connecting, connected) && !s.is(SeveralTargets) {
		return "", noSecond
	}
	leg := &connection{
		id: s.name("target"), party: target, outbound: true, state: connecting, since: time.Now(),
		endpoint: to, person: to.Type == "phone_number",
	}
	if s.is(RoutedConnected) && to.Type != "phone_number" {
		leg.state = connected
	}
	dial := func(c *contact) {
		c.connections = append(c.connections, leg)
		if s.is(RingLimit) {
			s.later(time.Second, func(c *contact) {
				if leg.state == connecting {
					s.drop(c, leg)
				}
			})
		}
	}
	switch {
	case s.is(AddRefused):
		return "", noAddition
	case s.is(AddRefusedYetDialled):
		s.later(300*time.Millisecond, dial)
		return "", noAddition
	}
	for _, x := range c.those(customer, connected) {
		x.set(hold)
	}
	if s.is(LateLeg) {
		s.later(250*time.Millisecond, func(*contact) {})
		s.later(600*time.Millisecond, dial)
		return leg.id, nil
	}
	dial(c)
	s.changed()
	return leg.id, nil
}

func (s *Service) conference(c *contact) error {
	switch {
	case s.is(ConferenceRefused), s.once(ConferenceRefusedOnce):
		return noConference
	case !c.has(target, connected), !c.has(customer, hold, connected) && !s.is(Permissive):
		return noConference
	}
	for _, x := range c.connections {
		if x.state == hold {
			x.set(connected)
		}
	}
	s.changed()
	if s.is(ConferenceRefusedYetDone) {
		return noConference
	}
	return nil
}
