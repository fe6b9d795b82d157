package directory

import "holdfast/call"

// Endpoints are all those that the configuration names and Endpoint finds:
// endpoints, agents and queues.
func (d *Directory) Endpoints() []call.Endpoint {
	var all []call.Endpoint
	for _, written := range d.conf.Endpoints {
		e := d.Canonical(call.Endpoint{Kind: kindOf(written.Address), Address: written.Address, Name: written.Name})
		if e.Kind != call.AgentEndpoint { // named below
			all = append(all, e)
		}
	}
	for _, a := range d.conf.Agents {
		all = append(all, call.Endpoint{Kind: call.AgentEndpoint, Address: a.Name, Name: a.Name})
	}
	for _, q := range d.conf.Queues {
		all = append(all, call.Endpoint{Kind: call.QueueEndpoint, Address: q.Name, Name: q.Name})
	}
	return all
}
