package panel

import (
	"context"
	"errors"

	"holdfast/call"
	"holdfast/routing"
)

// This file is the audio of an agent whose page is their phone.

// offer answers an SDP offer if the page has the agent's audio.
func (p *page) offer(m offer) {
	s := p.station
	fail := func(text string) { p.send(answer{ContactID: m.ContactID, Offer: m.Number, Problem: text}) }
	switch {
	case s.account.Desk:
		fail("your phone is not this page")
		return
	case s.audio != p.id:
		fail("the audio is in another window")
		return
	}
	s.offered = p.socket.session
	accepted := s.onLines(func() {
		sdp, err := s.connect(m)
		s.do(func() {
			if err != nil {
				if s.panel.odd.AllowN(s.now(), 1) {
					s.panel.log.Warn("connecting a page", "agent", s.account.Agent, "contact", m.ContactID, "err", err)
				}
				fail(err.Error())
				return
			}
			p.send(answer{ContactID: m.ContactID, Offer: m.Number, SDP: sdp})
		})
	})
	if !accepted {
		fail("too many requests are waiting")
	}
}

// onLines queues work for runLines, which does it in order: ending a session must
// not end the next one. It reports false when the queue is full.
func (s *station) onLines(act func()) bool {
	select {
	case s.lines <- act:
		return true
	default:
		return false
	}
}

// runLines does the work on the agent's lines until the channel is closed.
func (s *station) runLines() {
	for act := range s.lines {
		act()
	}
}

// eachLine queues something to do with each line on which the browser has audio.
func (s *station) eachLine(act func(call.ContactID, call.ConnectionID)) {
	for _, x := range s.shown.segments {
		if s.hasAudio(x) {
			s.onLines(func() { act(x.contact.ID, x.own.ID) })
		}
	}
}

// cutAudio ends the audio of a session that has ended, whether or not its window is
// connected. A line that is away or still connecting could have audio later. If the
// queue is full, endSessions tries again.
func (s *station) cutAudio() {
	if s.account.Desk {
		return
	}
	all := true
	for _, x := range s.segments() {
		all = s.onLines(func() { s.panel.options.Lines.Disconnect(x.contact.ID, x.own.ID) }) && all
	}
	if all {
		s.offered = ""
	}
}

// hasAudio reports whether the browser has audio in a segment.
func (s *station) hasAudio(x segment) bool { return !s.account.Desk && x.own.State == call.Connected }

func (s *station) connect(m offer) (sdp string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	x, err := s.segment(m.ContactID)
	if err != nil {
		return "", err
	}
	return s.panel.options.Lines.Connect(ctx, x.contact.ID, x.own.ID, m.SDP)
}

// mute mutes or unmutes the agent in every contact in which they talk.
func (s *station) mute(on bool) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	for _, x := range s.segments() {
		if legState(x.own.State) != connected || x.own.Muted == on {
			continue
		}
		_, err := s.panel.options.Board.Request(ctx, x.contact.ID, call.MuteRequested{By: x.own.ID, Muted: on})
		if refused := new(call.Refusal); err != nil && !errors.As(err, &refused) {
			s.panel.log.Warn("muting an agent", "agent", s.account.Agent, "contact", x.contact.ID, "err", err)
		}
	}
	s.do(func() {
		s.refresh()
		s.sendAll(muted{s.muted})
	})
}

// segments are the agent's live ones.
func (s *station) segments() []segment {
	agent, known := s.panel.options.Routing.Agent(s.account.Agent)
	if !known {
		agent = routing.Agent{Name: s.account.Agent}
	}
	return segmentsOf(agent, s.panel.options.Board.Contacts())
}

// segment returns the live segment with that contactId.
func (s *station) segment(contactID string) (segment, error) {
	id, ok := parseSegment(contactID)
	if !ok {
		return segment{}, refuse(contactNotFound, "the contact does not exist")
	}
	c, live := s.panel.options.Board.Contact(id.Contact)
	if !live {
		return segment{}, refuse(contactNotFound, "the contact has ended")
	}
	for _, x := range segmentsOf(routing.Agent{Name: s.account.Agent}, []call.Contact{c}) {
		if x.SegmentID == id {
			return x, nil
		}
	}
	return segment{}, refuse(contactNotFound, "you are not in this contact any more")
}
