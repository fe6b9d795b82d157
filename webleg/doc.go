// Package webleg is an agent's line over WebRTC: it makes the legs of agents
// who take their calls in a browser. It decides nothing about a contact, and it
// never offers: the agent's page does, and is answered.
//
// A leg belongs to a connection, a session to a page. A page that is loaded
// anew makes a new session for the leg that is already there, with
// [Legs.Connect]; the older session ends. So a leg outlives its sessions, and
// has at most one.
//
// All browsers send to one UDP socket, in G.711 µ-law, which every browser
// knows, and keys as telephone-events.
package webleg
