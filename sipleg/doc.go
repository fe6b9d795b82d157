// Package sipleg is a leg over SIP: it turns what a SIP dialog tells into facts
// of a contact, commands to a connection into requests and responses, and
// agrees by offer and answer how the leg sounds. It never decides what happens
// to a call, and it sends nothing that the desk has not told it to send, except
// refusals of what belongs to no contact.
//
// leg.go is one leg as a value, legs.go makes such legs and hands them what
// the wire delivers, sdp.go is the offer/answer model.
package sipleg
