package story

import (
	"strings"
	"testing"
)

func TestMistakesNameTheLine(t *testing.T) {
	for line, want := range map[string]string{
		"answers":       "a line is somebody and what they do",
		"bob answers":   `nobody called "bob" has been in this story`,
		"ana dances":    `"dances" is nothing somebody does`,
		"ana holds bob": `nobody called "bob"`,
		"soon passes":   "a time looks like 20s",
		"-5s passes":    "a time looks like 20s",
		"ana transfers the customer to cardiology at once":  `only "for TIME" and "with key KEY" may follow`,
		"ana transfers the customer to cardiology for ever": "invalid duration",
		"customer and bob hear each other":                  `nobody called "bob"`,
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

// FuzzTell: no line, whatever it says, may do more than be wrong.
func FuzzTell(f *testing.F) {
	for _, l := range Lines {
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
