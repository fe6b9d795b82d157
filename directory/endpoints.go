package directory

import "holdfast/call"

// Endpoints are everybody whom the configuration names and Endpoint finds:
// endpoints, agents and queues.
func (d *Directory) Endpoints() []call.Endpoint {
	var all []call.Endpoint
	for _, e := range d.conf.Endpoints {
		all = append(all, call.Endpoint{Kind: kindOf(e.Address), Address: e.Address, Name: e.Name})
	}
	for _, a := range d.conf.Agents {
		all = append(all, call.Endpoint{Kind: call.AgentEndpoint, Address: a.Name, Name: a.Name})
	}
	for _, q := range d.conf.Queues {
		all = append(all, call.Endpoint{Kind: call.QueueEndpoint, Address: q.Name, Name: q.Name})
	}
	return all
}
