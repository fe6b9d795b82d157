package api

import (
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// descriptions are those of package call's fields in the OpenAPI document.
// The comments of package call have the same in full.
var descriptions = map[string]map[string]string{
	"Contact": {
		"id":             "names the contact, for ever",
		"stage":          "what the contact is waiting for",
		"rules":          "its time limits",
		"connections":    "who is in it now, in the order of joining",
		"lastConnection": "the highest connection id given out so far",
		"customer":       "where the customer is reached, or who they say they are",
		"called":         "what a customer who called us, or an agent's phone, dialled",
		"agent":          "the agent responsible for the customer, recalled when all others have left",
		"transfer":       "the transfer under way, if any",
		"past":           "transfers that have ended, oldest first",
		"recorded":       "whether an agent has asked for the customer to be recorded",
		"onHold":         "how long the customer was on hold, in holds that have ended, such as 1m30s",
		"arrived":        "when the customer first rang",
		"answered":       "when an agent picked up",
		"over":           "when it ended",
		"endedBy":        "who ended it, by leaving, by asking for the end, or by not being reached: customer, agent or target",
		"endReason":      "how they ended it: hung-up, line-lost, requested (by an agent), or why they were not reached, such as no-answer",
	},
	"Connection": {
		"id":         "its number in the contact; the customer is 1",
		"party":      "the party's role in the contact",
		"endpoint":   "where they are reached",
		"state":      "connecting: not answered yet; screening: answered, hears only a prompt; connected: hears everyone else who is; held: hears hold audio; away: an agent whose line was lost and may come back",
		"for":        "of an agent found by a queue, or who went on with another phone: the connection whose place they take",
		"offer":      "of a queue, its latest offer; missing: it has made none",
		"answerBy":   "until when the server waits for a party who is connecting, screening or away",
		"ringing":    "whether the line of a connecting party rings",
		"earlyMedia": "whether a connecting party already sends audio",
		"prompt":     "what a screening party hears",
		"holding":    "whether their phone holds the call: they neither hear nor are heard",
		"muted":      "whether they are muted: no other party hears them",
		"since":      "when the state began",
	},
	"Offer": {
		"number": "counts the offers of a queue's connection, from 1",
		"agent":  "the agent who is or was rung",
		"ended":  "why the agent did not take the customer, such as no-answer; missing while the agent is rung",
	},
	"Transfer": {
		"id":        "its name in the contact: t1, t2, …",
		"kind":      "when the agent leaves",
		"key":       "the request's idempotency key",
		"by":        "the connection of the agent who asked",
		"ringFor":   "how long each target may ring, such as 20s",
		"attempts":  "each try at a target, in order",
		"confirm":   "whether a target who answers must press 1 to take the customer",
		"whisper":   "whether a target who answers hears first who is calling",
		"resume":    "whether the customer is taken off hold when it fails",
		"remaining": "targets still to be tried, in order",
		"reported":  "the connection whose line gets the progress of the transfer; missing: none",
		"consulted": "where the target's line was before, in a call of the same agent",
		"joinBy":    "when customer and target must have two-way audio, or a consultation is over",
		"requested": "when it was asked for",
		"ended":     "when it was decided",
		"outcome":   "how it ended; missing while under way",
		"reason":    "why it did not complete",
	},
	"Place": {
		"contact":    "the contact",
		"connection": "a connection of it",
	},
	"Attempt": {
		"connection": "the target's connection",
		"target":     "the endpoint that was dialled",
		"dialled":    "when",
		"rang":       "when their line first reported progress",
		"answered":   "when they picked up",
		"accepted":   "when they took the customer",
		"ended":      "when the attempt ended without the customer",
		"reason":     "why",
		"detail":     "the far end's own words, such as its SIP reason phrase",
	},
	"Endpoint": {
		"kind":    "what address is: number (E.164), uri, agent, or queue",
		"address": "where",
		"name":    "what people call it",
	},
	"Agent": {
		"name":        "as the configuration writes it",
		"afterCall":   "how long after-call work lasts, such as 20s; missing: until it is cleared",
		"grace":       "how long they may be lost and still come back to where they were, such as 20s",
		"awayUntil":   "when a lost agent is given up; missing: they are here",
		"idleSince":   "without a customer since",
		"capacity":    "how many customers at once: 1, or 2 with one of them on hold; missing: 1",
		"status":      "how they are when they have no customer",
		"next":        "how they will be after the customers they have now, if they asked for something else",
		"reservation": "the customer they are being offered",
		"segments":    "their parts in contacts, oldest first",
		"state":       "available, not-ready, offline; reserved: is being offered a customer; busy: has one; after-call-work: has something left to do for one; away: lost, and expected back",
		"since":       "when the state began; missing: it has never been another",
	},
	"Status": {
		"state":  "available, not-ready or offline",
		"reason": "of not-ready: lunch",
	},
	"Reservation": {
		"contact":    "the customer's contact",
		"connection": "the one that the customer waits or will talk under",
		"queue":      "where the customer waits; missing: this very agent is wanted",
		"number":     "which of the queue's offers of this customer this is, from 1",
		"until":      "when it will have been missed",
	},
	"Segment": {
		"contact":    "the contact it is a part of",
		"connection": "the one that the customer waited or talks under",
		"queue":      "where the customer had waited",
		"state":      "talking, holding or after-call-work",
		"since":      "when the state began",
		"clearBy":    "when after-call work ends by itself; missing: when it is cleared",
	},
	"Queue": {
		"name":     "as the configuration writes it",
		"offerFor": "how long an agent rings for a customer, such as 20s",
		"askAgain": "how long the queue waits before it offers a customer to an agent who has rejected them, such as 20s",
		"agents":   "who answers its customers",
		"entries":  "the waiting customers, in the order they are served",
	},
	"Entry": {
		"contact":    "the customer's contact",
		"priority":   "more is sooner",
		"returned":   "back from a failed transfer: ahead of all others",
		"callback":   "the customer to be dialled; missing: they are on the line",
		"since":      "when they began to wait",
		"rejected":   "the agents who rejected this customer, longest ago first",
		"connection": "the one that they wait under",
		"offeredTo":  "the agent they are being offered to",
		"offers":     "how many offers there were, with the one under way",
	},
	"Rules": {
		"offerFor":     "how long an agent rings for a new contact, such as 20s",
		"ringFor":      "how long a target rings when the request does not say, such as 20s",
		"acceptWithin": "from a target's answer to pressing 1, such as 20s",
		"consultFor":   "how long a consultation may last, such as 20s",
		"joinWithin":   "from acceptance to two-way audio, such as 20s",
		"recallFor":    "how long an agent is recalled, such as 20s",
		"takenAfter":   "how long a target must stay to have taken the customer, such as 20s",
		"grace":        "how long an agent whose line was lost may be away, such as 20s",
		"handOvers":    "how often a customer may be handed over",
		"fallback":     "the queue that looks for an agent when the agent cannot be recalled",
		"callerID":     "who targets see calling; missing: the customer",
	},
}

// A timedEvent is an event of package call as package notation writes it.
type timedEvent struct {
	At    time.Time `json:"at" doc:"when it happened"`
	Event string    `json:"event" example:"Answered" doc:"what happened"`
	Data  any       `json:"data" doc:"its particulars"`
}

// describe adds to the description the parts that the routes' types do not
// show.
func describe(api huma.API, keyed bool) {
	describeErrors(api.OpenAPI(), keyed)
	registry := api.OpenAPI().Components.Schemas
	registry.Schema(reflect.TypeFor[event](), true, "Event")
	schemas := registry.Map()
	for name, properties := range descriptions {
		for property, text := range properties {
			schemas[name].Properties[property].Description = text
		}
	}
}
