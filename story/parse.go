package story

import (
	"fmt"
	"strings"
	"time"

	"holdfast/call"
)

// facts are the lines for the facts of one party.
var facts = map[string]func(call.ConnectionID) call.Event{
	"rings":             func(c call.ConnectionID) call.Event { return call.Rang{Connection: c} },
	"sends audio early": func(c call.ConnectionID) call.Event { return call.Rang{Connection: c, EarlyMedia: true} },
	"answers":           func(c call.ConnectionID) call.Event { return call.Answered{Connection: c} },
	"hangs up":          func(c call.ConnectionID) call.Event { return call.HungUp{Connection: c} },
	"is lost":           func(c call.ConnectionID) call.Event { return call.Lost{Connection: c} },
	"is away":           func(c call.ConnectionID) call.Event { return call.Lost{Connection: c, MayReturn: true} },
	"is back":           func(c call.ConnectionID) call.Event { return call.Back{Connection: c} },
	"holds by phone":    func(c call.ConnectionID) call.Event { return call.HoldBegan{Connection: c} },
	"resumes by phone":  func(c call.ConnectionID) call.Event { return call.HoldEnded{Connection: c} },

	"has heard the prompt": func(c call.ConnectionID) call.Event { return call.Played{Connection: c} },
}

// failures are the lines for each reason why a party could not be reached.
var failures = map[string]call.Reason{
	"is busy":         call.Busy,
	"does not answer": call.NoAnswer,
	"declines":        call.Declined,
	"is unreachable":  call.Unreachable,
	"is not found":    call.NotFound,
	"is not allowed":  call.Denied,
	"fails":           call.LineError,
}

// event reads a line, already split into at least two words.
func (t *Teller) event(words []string) (call.Event, error) {
	who, does := words[0], strings.Join(words[1:], " ")
	switch {
	case who == "the" && does == "server restarts":
		return call.Recovered{}, nil
	case who == "nobody" && does == "hears anybody":
		return call.Joined{}, nil
	case who == "customer" && words[1] == "calls" && len(words) > 2:
		rules, err := t.backed(words[3:])
		return call.Arrived{Customer: everyCustomer, Agent: place(words[2]), Rules: rules}, err
	case words[1] == "calls" && len(words) > 2 && words[2] == "customer":
		rules, err := t.backed(words[3:])
		return call.Originated{Customer: everyCustomer, Agent: place(who), Rules: rules}, err
	case words[1] == "dials" && len(words) > 2 && words[2] == "customer":
		rules, err := t.backed(words[3:])
		return call.Dialled{Customer: everyCustomer, Agent: place(who), Rules: rules}, err
	case does == "picks up the customer":
		return call.PickUpRequested{Agent: place(who)}, nil
	case strings.HasSuffix(does, "hear each other"):
		return t.joined(words[:len(words)-3])
	}
	id, err := t.somebody(who)
	if err != nil {
		return nil, err
	}
	if fact := facts[does]; fact != nil {
		return fact(id), nil
	}
	if why, ok := failures[does]; ok {
		return call.Failed{Connection: id, Reason: why}, nil
	}
	return t.request(id, words[1:])
}

// everyCustomer is the customer of every story.
var everyCustomer = call.Endpoint{Kind: call.PhoneNumber, Address: "+15550100", Name: "customer"}

// backed reads nothing, or "backed by QUEUE", into a contact's rules.
func (t *Teller) backed(words []string) (call.Rules, error) {
	rules := t.rules
	switch {
	case len(words) == 0:
		return rules, nil
	case len(words) == 3 && words[0] == "backed" && words[1] == "by":
		rules.Fallback = place(words[2])
		return rules, nil
	}
	return rules, fmt.Errorf("only \"backed by QUEUE\" may follow, not %q", strings.Join(words, " "))
}

// asks are the lines of an agent that need no more words.
var asks = map[string]func(call.ConnectionID) call.Event{
	"accepts the call":          func(by call.ConnectionID) call.Event { return call.AcceptRequested{By: by} },
	"rejects the call":          func(by call.ConnectionID) call.Event { return call.RejectRequested{By: by} },
	"mutes":                     func(by call.ConnectionID) call.Event { return call.MuteRequested{By: by, Muted: true} },
	"unmutes":                   func(by call.ConnectionID) call.Event { return call.MuteRequested{By: by} },
	"records the customer":      func(by call.ConnectionID) call.Event { return call.RecordRequested{By: by, On: true} },
	"stops recording":           func(by call.ConnectionID) call.Event { return call.RecordRequested{By: by} },
	"cancels the transfer":      func(by call.ConnectionID) call.Event { return call.CancelRequested{By: by} },
	"swaps":                     func(by call.ConnectionID) call.Event { return call.SwapRequested{By: by} },
	"brings everybody together": func(by call.ConnectionID) call.Event { return call.ConferenceRequested{By: by} },
	"completes the transfer":    func(by call.ConnectionID) call.Event { return call.CompleteRequested{By: by} },
	"leaves":                    func(by call.ConnectionID) call.Event { return call.LeaveRequested{By: by} },
	"ends the contact":          func(by call.ConnectionID) call.Event { return call.EndRequested{By: by} },
}

// request reads a party's request, or the key they press.
func (t *Teller) request(by call.ConnectionID, words []string) (call.Event, error) {
	does := strings.Join(words, " ")
	if ask := asks[does]; ask != nil {
		return ask(by), nil
	}
	if strings.HasPrefix(does, "transfers the customer to ") {
		return transfer(by, words[4:])
	}
	switch {
	case does == "goes on with another phone":
		return call.Replaced{Connection: by, Agent: t.endpoint(by)}, nil
	case does == "gives the customer to another contact":
		return call.GiveRequested{By: by, Agent: t.endpoint(by), To: call.Place{Contact: elsewhere.Contact, Connection: 3}}, nil
	case len(words) >= 5 && strings.HasPrefix(does, "offers the customer to "):
		return t.offer(by, words[4:])
	case does == "takes its offer back":
		return call.Withdrawn{Connection: by, Number: t.latestOffer(by), Reason: call.Elsewhere}, nil
	case does == "takes an earlier offer back":
		return call.Withdrawn{Connection: by, Number: t.latestOffer(by) - 1, Reason: call.Elsewhere}, nil
	case len(words) == 2 && words[0] == "presses":
		return call.Pressed{Connection: by, Key: words[1]}, nil
	case len(words) == 2 && (words[0] == "holds" || words[0] == "resumes" || words[0] == "destroys"):
		return t.toSomebody(by, words[0], words[1])
	case len(words) == 4 && words[0] == "sends" && words[2] == "to":
		id, err := t.somebody(words[3])
		return call.DigitsRequested{By: by, Connection: id, Digits: words[1]}, err
	}
	return nil, fmt.Errorf("unknown action %q; it must be one of:\n  %s", does, strings.Join(Vocabulary, "\n  "))
}

func (t *Teller) toSomebody(by call.ConnectionID, does, whom string) (call.Event, error) {
	id, err := t.somebody(whom)
	switch {
	case err != nil:
		return nil, err
	case does == "holds":
		return call.HoldRequested{By: by, Connection: id}, nil
	case does == "resumes":
		return call.ResumeRequested{By: by, Connection: id}, nil
	}
	return call.DestroyRequested{By: by, Connection: id}, nil
}

func (t *Teller) somebody(name string) (call.ConnectionID, error) {
	id, ok := t.named[name]
	if !ok {
		return 0, fmt.Errorf("no party called %q has been in this story", name)
	}
	return id, nil
}

// elsewhere is the other contact, which a story does not describe.
var elsewhere = call.Place{Contact: "another", Connection: 1}

// transfer reads targets with "then" or "and" between them, and how.
func transfer(by call.ConnectionID, words []string) (call.Event, error) {
	ev := call.TransferRequested{By: by, Kind: call.Cold, Target: place(words[0])}
	for rest := words[1:]; len(rest) > 0; {
		n := 1
		switch two := len(rest) > 1; {
		case rest[0] == "warm":
			ev.Kind = call.Warm
		case rest[0] == "blind":
			ev.Kind = call.Blind
		case rest[0] == "with-confirm":
			ev.Confirm = true
		case rest[0] == "with-whisper":
			ev.Whisper = true
		case rest[0] == "resuming":
			ev.Resume = true
		case rest[0] == "instead":
			ev.Supersede = true
		case rest[0] == "reported":
			ev.Reported = true
		case rest[0] == "consulted":
			ev.Consulted = elsewhere
		case two && (rest[0] == "then" || rest[0] == "and"):
			ev.Others = append(ev.Others, place(rest[1]))
			ev.Parallel, n = rest[0] == "and", 2
		case two && rest[0] == "for":
			d, err := time.ParseDuration(rest[1])
			if err != nil {
				return nil, err
			}
			ev.RingFor, n = call.Duration(d), 2
		case len(rest) > 2 && rest[0] == "with" && rest[1] == "key":
			ev.Key, n = rest[2], 3
		default:
			return nil, fmt.Errorf("unknown transfer option %q", strings.Join(rest, " "))
		}
		rest = rest[n:]
	}
	return ev, nil
}

// offer reads the agent a queue offers the customer to, for how long, and whether
// that is its latest offer again.
func (t *Teller) offer(queue call.ConnectionID, words []string) (call.Event, error) {
	ev := call.Offered{Connection: queue, Agent: place(words[0]), Number: t.latestOffer(queue) + 1}
	switch {
	case len(words) == 1:
		return ev, nil
	case len(words) == 2 && words[1] == "again":
		ev.Number--
		return ev, nil
	case len(words) == 3 && words[1] == "for":
		d, err := time.ParseDuration(words[2])
		ev.RingFor = call.Duration(d)
		return ev, err
	}
	return nil, fmt.Errorf("only \"again\" or \"for TIME\" may follow, not %q", strings.Join(words[1:], " "))
}

// endpoint is the endpoint of a party in the contact.
func (t *Teller) endpoint(id call.ConnectionID) call.Endpoint {
	for _, x := range t.Contact.Connections {
		if x.ID == id {
			return x.Endpoint
		}
	}
	return call.Endpoint{}
}

// latestOffer is the number of a queue's latest offer; zero: it has made none.
func (t *Teller) latestOffer(queue call.ConnectionID) int {
	for _, x := range t.Contact.Connections {
		if x.ID == queue {
			return x.Offer.Number
		}
	}
	return 0
}

// joined reads names with "and" between them.
func (t *Teller) joined(words []string) (call.Event, error) {
	var ev call.Joined
	for _, w := range words {
		if w == "and" {
			continue
		}
		id, err := t.somebody(w)
		if err != nil {
			return nil, err
		}
		ev.Connections = append(ev.Connections, id)
	}
	return ev, nil
}

// place is the endpoint of a name in a story: a name that begins with "queue" is
// a queue's, one that begins with "agent-" is the endpoint of an agent who may
// get transfers, and one that begins with "+" is a number.
func place(name string) call.Endpoint {
	e := call.Endpoint{Kind: call.URI, Address: "sip:" + name + "@story", Name: name}
	switch {
	case strings.HasPrefix(name, "queue"):
		e.Kind, e.Address = call.QueueEndpoint, name
	case strings.HasPrefix(name, "agent-"):
		e.Kind, e.Address = call.AgentEndpoint, name
	case strings.HasPrefix(name, "+"):
		e.Kind, e.Address = call.PhoneNumber, name
	}
	return e
}
