package story

import (
	"fmt"
	"strings"
	"time"

	"holdfast/call"
)

// facts are the lines that say what one party's line reports.
var facts = map[string]func(call.ConnectionID) call.Event{
	"rings":             func(c call.ConnectionID) call.Event { return call.Rang{Connection: c} },
	"sends sound early": func(c call.ConnectionID) call.Event { return call.Rang{Connection: c, EarlyMedia: true} },
	"answers":           func(c call.ConnectionID) call.Event { return call.Answered{Connection: c} },
	"hangs up":          func(c call.ConnectionID) call.Event { return call.HungUp{Connection: c} },
	"is lost":           func(c call.ConnectionID) call.Event { return call.Lost{Connection: c} },
}

// failures are the lines that say why somebody could not be reached.
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
	case who == "customer" && words[1] == "calls" && len(words) == 3:
		return call.Arrived{
			Customer: call.Endpoint{Kind: call.PhoneNumber, Address: "+15550100", Name: "customer"},
			Agent:    place(words[2]),
			Rules:    t.rules,
		}, nil
	case does == "picks up the customer":
		return call.PickUpRequested{Agent: place(who)}, nil
	case strings.HasSuffix(does, "hear each other"):
		return t.joined(words[:len(words)-3])
	}
	id, ok := t.named[who]
	if !ok {
		return nil, fmt.Errorf("nobody called %q has been in this story", who)
	}
	if fact := facts[does]; fact != nil {
		return fact(id), nil
	}
	if why, ok := failures[does]; ok {
		return call.Failed{Connection: id, Reason: why}, nil
	}
	return t.request(id, words[1:])
}

// request reads what somebody asks for.
func (t *Teller) request(by call.ConnectionID, words []string) (call.Event, error) {
	does := strings.Join(words, " ")
	switch {
	case does == "cancels the transfer":
		return call.CancelRequested{By: by}, nil
	case strings.HasPrefix(does, "transfers the customer to "):
		return transfer(by, words[4:])
	case words[0] == "holds" || words[0] == "resumes":
		whom := words[len(words)-1]
		id, ok := t.named[whom]
		if !ok {
			return nil, fmt.Errorf("nobody called %q has been in this story", whom)
		}
		if words[0] == "holds" {
			return call.HoldRequested{By: by, Connection: id}, nil
		}
		return call.ResumeRequested{By: by, Connection: id}, nil
	}
	return nil, fmt.Errorf("%q is nothing somebody does; they do one of:\n  %s", does, strings.Join(Lines, "\n  "))
}

// transfer reads "TARGET", which may be followed by "for TIME" and "with key KEY".
func transfer(by call.ConnectionID, words []string) (call.Event, error) {
	ev := call.TransferRequested{By: by, Kind: call.Cold, Target: place(words[0])}
	rest := words[1:]
	if len(rest) >= 2 && rest[0] == "for" {
		d, err := time.ParseDuration(rest[1])
		if err != nil {
			return nil, err
		}
		ev.RingFor, rest = d, rest[2:]
	}
	if len(rest) == 3 && rest[0] == "with" && rest[1] == "key" {
		ev.Key, rest = rest[2], nil
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("after the target only \"for TIME\" and \"with key KEY\" may follow")
	}
	return ev, nil
}

// joined reads names with "and" between them.
func (t *Teller) joined(words []string) (call.Event, error) {
	var ev call.Joined
	for _, w := range words {
		if w == "and" {
			continue
		}
		id, ok := t.named[w]
		if !ok {
			return nil, fmt.Errorf("nobody called %q has been in this story", w)
		}
		ev.Connections = append(ev.Connections, id)
	}
	return ev, nil
}

// place is where somebody of that name is reached, in a story.
func place(name string) call.Endpoint {
	return call.Endpoint{Kind: call.URI, Address: "sip:" + name + "@story", Name: name}
}
