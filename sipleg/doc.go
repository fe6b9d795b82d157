// Package sipleg is a leg over SIP: it turns the events of a SIP dialog into
// facts of a contact, commands to a connection into requests and responses, and
// agrees by offer and answer how the leg sounds. It never decides about a call,
// and it sends nothing without the desk, except refusals of requests that
// belong to no contact.
//
// leg.go is one leg as a value, legs.go makes such legs and hands them the
// wire's messages, sdp.go is the offer/answer model.
package sipleg
