package call_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"holdfast/story"
)

// TestStories plays every story in testdata. After a change, run
//
//	go test ./call -rewrite
//
// and read the difference as if a customer had written it.
func TestStories(t *testing.T) {
	stories, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(stories) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range stories {
		t.Run(filepath.Base(path), func(t *testing.T) { play(t, path) })
	}
}

func play(t *testing.T, path string) {
	teller := story.NewTeller()
	datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
		if d.Cmd == "otherwise" { // the same story from its beginning, with another course
			teller = story.NewTeller()
			return ""
		}
		line := d.Cmd
		for _, a := range d.CmdArgs {
			line += " " + a.Key
		}
		var out []string
		for l := range strings.Lines(line + "\n" + d.Input) {
			if strings.TrimSpace(l) == "" {
				continue
			}
			said, err := teller.Tell(strings.TrimSpace(l))
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			if n := len(out); n > 0 && strings.HasPrefix(out[n-1], "=") {
				out = out[:n-1] // of several lines, only the last state
			}
			out = append(out, said...)
		}
		return strings.Join(out, "\n") + "\n"
	})
}
