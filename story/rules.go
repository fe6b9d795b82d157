package story

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/call"
)

// rules are a contact's time limits, by the names they have in a configuration.
var rules = []struct {
	name string
	of   func(*call.Rules) *call.Duration
}{
	{"offer_for", func(r *call.Rules) *call.Duration { return &r.OfferFor }},
	{"ring_for", func(r *call.Rules) *call.Duration { return &r.RingFor }},
	{"accept_within", func(r *call.Rules) *call.Duration { return &r.AcceptWithin }},
	{"consult_for", func(r *call.Rules) *call.Duration { return &r.ConsultFor }},
	{"join_within", func(r *call.Rules) *call.Duration { return &r.JoinWithin }},
	{"recall_for", func(r *call.Rules) *call.Duration { return &r.RecallFor }},
	{"taken_after", func(r *call.Rules) *call.Duration { return &r.TakenAfter }},
	{"grace", func(r *call.Rules) *call.Duration { return &r.Grace }},
}

// rule reads "the rule RULE is TIME".
func (t *Teller) rule(words []string) error {
	if len(words) != 5 || words[3] != "is" {
		return errors.New("a rule is set by: the rule RULE is TIME")
	}
	if t.Contact.Stage != "" {
		return errors.New("the rules of a contact are known before the customer calls")
	}
	d, err := duration(words[4])
	if err != nil {
		return err
	}
	var known []string
	for _, r := range rules {
		if r.name == words[2] {
			*r.of(&t.rules) = call.Duration(d)
			return nil
		}
		known = append(known, r.name)
	}
	return fmt.Errorf("unknown rule %q; the rules are %s", words[2], strings.Join(known, ", "))
}

// ruleLines are the lines for the rules in which a contact differs from others.
func ruleLines(r call.Rules) []string {
	var lines []string
	usual := call.DefaultRules()
	for _, rule := range rules {
		if d := *rule.of(&r); d != *rule.of(&usual) && d != 0 {
			lines = append(lines, fmt.Sprintf("the rule %s is %s", rule.name, d))
		}
	}
	return lines
}

// duration reads a time that passes.
func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errors.New("a time looks like 20s, 1.5s or 1m30s")
	}
	return d, nil
}
