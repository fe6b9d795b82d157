// Package routing decides which agent is offered which waiting customer: it
// has the states of agents, the customers in each queue, and their order. It
// has no clock and never rings an agent.
package routing
