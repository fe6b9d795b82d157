// Package routing decides which agent is offered which waiting customer: how
// agents are, who waits in which queue, who is next. It has no clock and never
// rings anybody.
package routing
