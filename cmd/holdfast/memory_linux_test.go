package main

import (
	"os/exec"
	"strings"
	"testing"
)

// Where memory is limited, a server says so in a sentence instead of ending with a trace.
func TestTooLittleMemory(t *testing.T) {
	for limit, command := range map[string]string{"-v 1900000": "serve", "-d 250000": "demo"} {
		limited := func(arg string) (string, error) {
			b, err := exec.CommandContext(t.Context(), "sh", "-c", "ulimit "+limit+"; exec holdfast "+arg).CombinedOutput()
			return string(b), err
		}
		if text, err := limited("version"); err != nil {
			t.Skipf("with ulimit %s this binary does not start, perhaps for the race detector: %s", limit, text)
		}
		text, err := limited(command)
		if err == nil || strings.Count(text, "\n") != 1 || !strings.Contains(text, "holdfast: the memory of this process is limited to") {
			t.Errorf("with ulimit %s: %v: %s", limit, err, text)
		}
	}
}
