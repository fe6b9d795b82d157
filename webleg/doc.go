// Package webleg makes the legs of agents who take calls in a browser: lines
// over WebRTC. It never decides about a contact and never makes an offer: the agent's page
// offers, and webleg answers.
//
// A leg belongs to a connection, a session to a page. When a page is reloaded,
// it makes a new session for the existing leg ([Legs.Connect]), and the old
// session ends. A leg outlives its sessions and has at most one at a time.
//
// All browsers send to one UDP socket or, where a network blocks UDP, connect to a TCP
// socket with the same port number (ICE over TCP, RFC 6544). Audio is G.711 µ-law, which every browser
// supports; keys are telephone-events (RFC 4733).
package webleg
