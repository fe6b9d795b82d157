package browser

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// briefScript is the code of the brief whose file HOLDFAST_BRIEF names, or
// nothing if it names none.
func briefScript() ([]byte, error) {
	file := os.Getenv("HOLDFAST_BRIEF")
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the brief: %w", err)
	}
	code, err := sample(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading the brief %s: %w", file, err)
	}
	return []byte(code), nil
}

// sample is the code in a text that ends with something else: from the first
// line that begins a comment for a function to the last that ends a function.
func sample(text string) (string, error) {
	lines := strings.SplitAfter(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	first, last := -1, -1
	for i, line := range lines {
		switch line = strings.TrimRight(line, "\n"); {
		case first < 0 && line == "/**":
			first = i
		case first >= 0 && (line == "}" || line == "};"):
			last = i
		}
	}
	if last < 0 {
		return "", errors.New("there is no code in it")
	}
	return strings.Join(lines[first:last+1], ""), nil
}
