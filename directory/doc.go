// Package directory knows who can be reached, where, and what may be dialled:
// trunks, agents, routes and endpoints, out of one configuration file. It
// never dials anybody and never decides what happens in a contact.
package directory
