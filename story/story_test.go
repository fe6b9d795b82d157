package story

import (
	"strings"
	"testing"
)

func TestMistakesNameTheLine(t *testing.T) {
	for line, want := range map[string]string{
		"answers":       "a line must have a name and an action",
		"bob answers":   `no party called "bob" has been in this story`,
		"ana dances":    `unknown action "dances"`,
		"ana holds bob": `no party called "bob"`,
		"soon passes":   "a time looks like 20s",
		"-5s passes":    "a time looks like 20s",
		"ana transfers the customer to cardiology at once":  `unknown transfer option "at once"`,
		"ana transfers the customer to cardiology for ever": "invalid duration",
		"customer and bob hear each other":                  `no party called "bob"`,
		"ana#2 answers":                                     `no party called "ana#2"`,
		"the rule ring_for":                                 "a rule is set by",
		"the rule ring_for is 5s":                           "known before the customer calls",
		"the server is away for ever":                       "a time looks like 20s",
	} {
		teller := NewTeller()
		if _, err := teller.Tell("customer calls ana"); err != nil {
			t.Fatal(err)
		}
		_, err := teller.Tell(line)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), line) {
			t.Errorf("%q: got %v, want the line and %q", line, err, want)
		}
	}
}

func TestMistakesInRules(t *testing.T) {
	for line, want := range map[string]string{
		"the rule ring_for is long": "a time looks like 20s",
		"the rule ring is 5s":       `unknown rule "ring"; the rules are offer_for, ring_for`,
	} {
		if _, err := NewTeller().Tell(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", line, err, want)
		}
	}
}

// Of two who bear the same name, the name means the later one.
func TestNumberedNames(t *testing.T) {
	teller := NewTeller()
	for _, told := range []struct{ line, want string }{
		{"# a remark", ""},
		{"", ""},
		{"the rule recall_for is 1.5s", ""},
		{"customer calls ana", "= offering: customer connecting; ana connecting"},
		{"ana#1 answers", "= talking: customer connected hears ana; ana connected hears customer"},
		{"ana is lost", "= returning: customer held hears hold audio; ana connecting"},
		{"ana#1 hangs up", "= returning: customer held hears hold audio; ana connecting"},
		{"ana#2 answers", "= talking: customer connected hears ana; ana connected hears customer"},
		{"ana is lost", "= returning: customer held hears hold audio; ana connecting"},
		{"1.4s passes", "= returning: customer held hears hold audio; ana connecting"},
		{"100ms passes", "= parked: customer held hears park audio"},
	} {
		out, err := teller.Tell(told.line)
		var state string
		if len(out) > 0 {
			state = out[len(out)-1]
		}
		if err != nil || state != told.want {
			t.Errorf("%q: %q, %v; want %q", told.line, state, err, told.want)
		}
	}
}

// FuzzTell: no line, whatever it says, may do more than be wrong.
func FuzzTell(f *testing.F) {
	for _, l := range Vocabulary {
		f.Add(l)
	}
	f.Add("ana transfers the customer to cardiology for 5s")
	f.Fuzz(func(t *testing.T, line string) {
		teller := NewTeller()
		for _, l := range []string{"customer calls ana", "ana answers", line, line, "1h passes"} {
			if _, err := teller.Tell(l); err != nil && l != line {
				t.Fatal(err)
			}
		}
	})
}
