// Package call decides what happens in a contact. It never acts: it knows no
// clock, no network and no log. A fact or a request goes in as an [Event], and
// out come the contact as it is afterwards and the [Command]s that make it so.
//
//	contact, commands, err := call.Step(contact, now, event)
//
// Read contact.go for what a contact is, step.go for what happens in it, and
// the stories in testdata for what that means for the people on the line.
package call
