package story

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"holdfast/call"
)

const twoEndings = `# A busy target.

customer calls ana
ana answers
ana transfers the customer to cardiology
----
whatever somebody expected

# It is busy.

1500ms passes
cardiology is busy
----

otherwise

customer calls ana
ana hangs up
`

func TestPlay(t *testing.T) {
	scenes, err := Play("busy.txt", strings.NewReader(twoEndings))
	if err != nil {
		t.Fatal(err)
	}
	if len(scenes) != 2 {
		t.Fatalf("%d scenes, want 2", len(scenes))
	}
	beats := scenes[0].Beats
	last := beats[len(beats)-1]
	if last.At != call.Duration(1500*time.Millisecond) || last.Line != "cardiology is busy" || beats[0].Note != "A busy target." {
		t.Errorf("the last beat is %+v, the first remark %q", last, beats[0].Note)
	}
	if want := []string{"tell ana: cardiology is busy; the customer is on hold"}; len(last.Then) != 1 || last.Then[0] != want[0] {
		t.Errorf("then %q, want %q", last.Then, want)
	}
	if p := last.People["customer"]; p.Hears != "hold audio" || p.State != "held" {
		t.Errorf("the customer is %+v", p)
	}
	for i, want := range []string{"is on hold with ana", "was never answered (unreachable)"} {
		if scenes[i].End != want {
			t.Errorf("the customer %s, want: %s", scenes[i].End, want)
		}
	}
}

func TestPlayNamesTheLine(t *testing.T) {
	_, err := Play("busy.txt", strings.NewReader("customer calls ana\n\nana dances\n"))
	if err == nil || !strings.HasPrefix(err.Error(), `busy.txt:3: "ana dances"`) {
		t.Errorf("got %v", err)
	}
}

// TestExamples: the stories that the README tells make sense, and end as it says.
func TestExamples(t *testing.T) {
	for file, want := range map[string][]string{
		"second-target.txt": {"is on hold with ana"},
		"voicemail.txt":     {"is on hold with ana"},
		"agent-leaves.txt":  {"is with cardiology", "is parked, hearing park audio"},
	} {
		f, err := os.Open("../examples/" + file)
		if err != nil {
			t.Fatal(err)
		}
		scenes, err := Play(file, f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		for i, scene := range scenes {
			if i >= len(want) || scene.End != want[i] {
				t.Errorf("%s: the customer %s, want %q", file, scene.End, want)
			}
		}
	}
}
