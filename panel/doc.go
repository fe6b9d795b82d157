// Package panel is the agent's page: a softphone in the browser that works by
// itself and inside any page built with an unmodified amazon-connect-streams or
// Amazon Connect SDK. It shows contacts, and turns the wishes of an agent or the
// page around into requests to package call, whether that is one step or a whole
// transfer. It never decides about a contact, and carries no audio.
//
// The page is in site/: plain ES modules, embedded as they are. Each window has a
// WebSocket to the server; protocol.go lists the messages. All windows of an agent
// show the same, and one of them has the audio.
package panel
