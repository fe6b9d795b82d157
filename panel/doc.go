// Package panel is the agent's page: a softphone in the browser that works by
// itself and inside any page built with an unmodified amazon-connect-streams. It
// shows contacts and passes an agent's wishes on as requests, step by step or as
// a whole transfer, to the same core as every other interface; it never decides
// what becomes of them, and carries no audio itself.
//
// The page is in site/: plain ES modules, embedded as they are. Its windows talk
// to the server over one WebSocket each; protocol.go has what they say. All
// windows of an agent show the same, and one of them has the audio.
package panel
