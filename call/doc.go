// Package call decides what happens in a contact. It never acts: it knows no
// clock, no network and no log. A fact or a request goes in as an [Event], and
// out come the contact as it is afterwards and the [Command]s that make it so.
//
//	contact, commands, err := call.Step(contact, now, event)
//
// What it promises, and what P1 to P10 mean in the comments:
//
//	P1 once answered, a customer's line is ended only by them, by its loss, by
//	   an agent who asks for the end, or by the normal goodbye of the last
//	   other person they were talking to
//	P2 the customer always talks to somebody or hears hold audio, with somebody
//	   responsible: an agent, a transfer under way, a queue, or a park slot
//	P3 in a cold or warm transfer the agent is released only when the target
//	   has accepted and customer and target are in two-way audio
//	P4 when a target fails the next one is tried; when none is left, the
//	   customer is with the agent again, on hold unless the request says
//	   otherwise, and the agent is told why
//	P5 when the agent has gone too, they are recalled, then the fallback queue
//	   is asked; if that fails the customer is parked, never dropped
//	P6 when the customer goes, everything that existed only for them ends;
//	   agent and target who are talking may finish
//	P7 one transfer at a time, unless one supersedes the other; the same
//	   request again is the same transfer
//	P9 no line outlives its contact
//
// P8, that a killed server loses nobody, and P10, that every attempt leaves
// evidence, are kept by those who act: switchboard and journal.
//
// And from every stage, deadlines alone end every transfer.
//
// Read contact.go for what a contact is, stages.go for what facts mean in it,
// verbs.go for what an agent may ask for, and the stories in testdata for what
// that means for the people on the line.
package call
