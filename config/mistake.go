package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Mistake is something in a configuration file that a person has to correct.
type Mistake struct {
	File         string
	Line, Column int    // from 1; 0 when the mistake has no place
	Text         string // the mistake, and how to correct it
}

// Error is the mistake as compilers print theirs: file:line:column: text.
func (m Mistake) Error() string {
	if m.Line == 0 {
		return fmt.Sprintf("%s: %s", m.File, m.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Text)
}

// Mistakes are all that are wrong with a file, in the order of its lines.
type Mistakes []Mistake

// Error has one line for each mistake.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

// err is nil when there are none.
func (ms Mistakes) err() error {
	if len(ms) == 0 {
		return nil
	}
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return ms
}

// Suggest returns `; did you mean "…"?` for the one of names that the writer
// of wrong may have meant, or nothing.
func Suggest(wrong string, names []string) string {
	best, distance := "", max(1, len(wrong)/3)+1
	for _, name := range names {
		if d := edits(strings.ToLower(wrong), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	if best == "" {
		for _, name := range names {
			if wrong != "" && strings.HasPrefix(strings.ToLower(name), strings.ToLower(wrong)) {
				best = name
				break
			}
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// edits counts the letters to insert, delete or replace to make b out of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
