// Package notation writes the values of package call as JSON, and reads it back,
// for the journal, for the HTTP interface, and for a page or a program in
// another language. It never decides anything.
//
// Contacts, mixes and the particulars of each event and command are plain JSON
// objects: the tags of their types in package call name the fields, durations
// are strings such as "1m30s", and times are RFC 3339. An event or command also
// has its name, because its type cannot be read off its fields:
//
//	{"at":"2026-11-23T12:00:00Z","event":"Answered","data":{"connection":2}}
//	{"command":"Drop","data":{"connection":3,"reason":"no-answer"}}
//
// It is a package of its own so that package call needs neither encoding/json
// nor reflection: a browser that loads call as WebAssembly would load them, too.
package notation
