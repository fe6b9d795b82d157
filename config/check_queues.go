package config

import (
	"fmt"
	"slices"
	"time"

	"holdfast/call"
)

// queues checks the queues, whose names are among those seen.
func (c *checker) queues(d *document, config *Config, seen map[string]bool) {
	for i, q := range d.Queues {
		path := fmt.Sprintf("queue[%d]", i)
		c.name(path, q.Name, seen)
		queue := Queue{Name: string(q.Name), OfferFor: call.Duration(30 * time.Second)}
		if q.OfferFor != "" {
			queue.OfferFor = c.duration(path+".offer_for", q.OfferFor)
		}
		if len(q.Agents) == 0 {
			c.wrong(path, `this queue has no agents; name them, such as agents = ["ana"]`)
		}
		for j, a := range q.Agents {
			at := fmt.Sprintf("%s.agents[%d]", path, j)
			name := c.agent(at, a, config)
			if slices.Contains(queue.Agents, name) {
				c.wrong(at, "%q is named twice", a)
			}
			queue.Agents = append(queue.Agents, name)
		}
		config.Queues = append(config.Queues, queue)
	}
}

// queue is the name of a queue as the configuration has it.
func (c *checker) queue(path string, written text, config *Config) string {
	q, ok := config.Queue(string(written))
	if !ok {
		c.wrong(path, "no [[queue]] is called %q%s", written, Suggest(string(written), config.QueueNames()))
	}
	return q.Name
}

// capacity is how many customers an agent takes at once.
func (c *checker) capacity(path string, t text) int {
	switch t {
	case "", "1":
		return 1
	case "2":
		return 2
	}
	c.wrong(path+".capacity", "capacity is 1, or 2 with one customer on hold, not %s", t)
	return 0
}

// untilCleared is after-call work that ends when the agent clears it.
const untilCleared = "until-cleared"

// afterCall is how long after-call work lasts, 0 meaning until it is cleared,
// and whether there is none.
func (c *checker) afterCall(path string, t text) (d call.Duration, none bool) {
	switch t {
	case "", "0s":
		return 0, true
	case untilCleared:
		return 0, false
	}
	return c.duration(path+".after_call", t), false
}
