package amazon

import "time"

// This file has the actions of people other than the agent.

// Answer makes all targets that ring, or that are only routed, answer. Without any,
// nothing changes.
func (s *Service) Answer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.contact.those(target, connecting, connected)
	for _, x := range there {
		x.set(connected)
		x.person = true
	}
	if len(there) > 0 {
		s.changed()
	}
}

// Refresh posts the snapshot again, as Amazon Connect does at least every 30 s.
func (s *Service) Refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed()
}

// Decline makes all ringing targets decline.
func (s *Service) Decline() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.contact.those(target, connecting) {
		s.drop(s.contact, x)
	}
	s.changed()
}

// HangUp makes the customer hang up.
func (s *Service) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(s.contact, s.contact.those(customer)[0])
	s.changed()
}

// Remove removes the contact, and with it the agent's part of it. The customer and the
// target stay connected.
func (s *Service) Remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contact.removed, s.contact.ended = true, true
	for _, x := range s.contact.those(agent) {
		x.set(disconnected)
	}
	s.state = available
	s.changed()
}

// drop disconnects a target. One update shows it; then it is gone.
func (s *Service) drop(c *contact, x *connection) {
	x.set(disconnected)
	if s.is(DeadLegs) {
		return
	}
	s.later(200*time.Millisecond, func(c *contact) {
		for i, y := range c.connections {
			if y == x {
				c.connections = append(c.connections[:i:i], c.connections[i+1:]...)
				return
			}
		}
	})
}

// leave ends a party's part of a contact, with all consequences.
func (s *Service) leave(c *contact, x *connection) {
	x.set(disconnected)
	switch x.party {
	case target:
		s.drop(c, x)
	case agent:
		s.end(c)
		if !s.is(LeftOnHold) && c.has(target, connected, connecting) {
			for _, y := range c.those(customer, hold) {
				y.set(connected)
			}
		}
	case customer:
		if s.is(ContactStays) {
			return
		}
		for _, y := range c.connections {
			y.set(disconnected)
		}
		s.end(c)
	}
}

// end ends a contact for the agent.
func (s *Service) end(c *contact) {
	c.ended, c.since = true, time.Now()
	c.removed = s.is(RemovedOutright)
	s.state = afterCall
	if c.removed {
		s.state = available
	}
	if !c.has(target, connected, connecting) { // the customer is alone, and the call ends
		for _, y := range c.connections {
			y.set(disconnected)
		}
	}
}
