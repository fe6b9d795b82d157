// Package call makes all decisions about a contact. It never acts: it knows no
// clock, no network and no log. A fact or a request goes in as an [Event], and
// out come the contact as it is afterwards and the [Command]s that make it so.
//
//	contact, commands, err := call.Step(contact, now, event)
//
// It makes these promises, to which P1 to P10 refer in the comments:
//
//	P1 once answered, a customer's line is ended only by them, by its loss, by
//	   an agent's request to end it, or by the normal goodbye of the last
//	   other person they were talking to; an agent who transfers may have it go
//	   on in another contact
//	P2 the customer always talks to a person or hears hold audio, and one of
//	   these is responsible: an agent, a transfer under way, a queue, or a park slot
//	P3 in a cold or warm transfer the agent is released only when the target
//	   has accepted and customer and target are in two-way audio
//	P4 when a target fails the next one is tried; when none is left, the
//	   customer is with the agent again, on hold unless the request says
//	   otherwise, and the agent gets the reason
//	P5 when the agent has gone too, they are recalled, then the fallback queue
//	   is asked; if that fails the customer is parked, never dropped
//	P6 when the customer goes, everything that existed only for them ends;
//	   agent and target who are talking may finish
//	P7 one transfer at a time, unless one supersedes the other; the same
//	   request again is the same transfer
//	P9 no line outlives its contact
//
// P8, that a killed server loses no customer, and P10, that every attempt
// leaves evidence, are kept by the packages that act: switchboard and journal.
//
// And from every stage, deadlines alone end every transfer.
//
// Read contact.go for the contact, stages.go for the effect of facts, verbs.go
// for the requests of an agent, and the stories in testdata for the view of
// the people on the line.
package call
