// Package directory knows who can be reached, where, and what may be dialled:
// trunks, agents, routes and endpoints, out of one configuration file. It also
// decides which agent is offered which waiting customer (floor.go). It never
// dials anybody and never decides what happens in a contact.
package directory
