package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLinks follows every link of every document to a file or heading of the
// repository. It lists links to other sites (-v) and does not follow them.
func TestLinks(t *testing.T) {
	all := documents(t)
	followed := 0
	for _, d := range all {
		for _, l := range d.links {
			if external(l.text) {
				t.Logf("%s:%d: %s", d.path, l.line, l.text)
				continue
			}
			followed++
			if problem := follow(d, l.text, all); problem != "" {
				t.Errorf("%s:%d: %s", d.path, l.line, problem)
			}
		}
	}
	if followed < 50 {
		t.Errorf("followed only %d links", followed)
	}
}

func external(link string) bool { return strings.Contains(link, "://") }

// follow returns what is wrong with a link, or nothing.
func follow(d *document, link string, all []*document) string {
	file, name, hasName := strings.Cut(link, "#")
	target := d.path
	if file != "" {
		target = filepath.ToSlash(filepath.Join(filepath.Dir(d.path), file))
	}
	if _, err := os.Stat(target); err != nil && file != "" {
		return fmt.Sprintf("the link %s leads to no file", link)
	}
	if !hasName {
		return ""
	}
	linked := d
	if at := slices.IndexFunc(all, func(other *document) bool { return other.path == target }); at >= 0 {
		linked = all[at]
	} else if file != "" {
		return fmt.Sprintf("the link %s names a heading in a file that has none", link)
	}
	if !slices.ContainsFunc(linked.headings, func(h heading) bool { return h.anchor == name }) {
		return fmt.Sprintf("%s has no heading for the link %s", linked.path, link)
	}
	return ""
}

// TestContents: a document of more than 100 lines and three sections lists all of
// its headings under "Contents", in their order. The README is short instead.
func TestContents(t *testing.T) {
	listed := 0
	for _, d := range documents(t) {
		if d.path == "README.md" {
			if d.lines > 150 {
				t.Errorf("README.md has %d lines, want at most 150: move the rest to docs", d.lines)
			}
			continue
		}
		problems := contents(d)
		for _, problem := range problems {
			t.Errorf("%s: %s", d.path, problem)
		}
		if len(sections(d)) > 0 {
			listed++
		}
	}
	if listed == 0 {
		t.Error("no document has a table of contents")
	}
}

// sections returns the headings that a table of contents must list; none if the
// document needs no such table.
func sections(d *document) (below []heading) {
	for _, h := range d.headings {
		if (h.level == 2 || h.level == 3) && h.text != "Contents" {
			below = append(below, h)
		}
	}
	has := slices.ContainsFunc(d.headings, func(h heading) bool { return h.text == "Contents" })
	if !has && (d.lines <= 100 || len(below) < 3) {
		return nil
	}
	return below
}

func contents(d *document) (problems []string) {
	want := sections(d)
	if want == nil {
		return nil
	}
	_, list, found := strings.Cut(d.prose, "\n## Contents\n")
	if !found {
		return []string{`needs a section "Contents" with a link to each heading`}
	}
	if end := strings.Index(list, "\n## "); end >= 0 {
		list = list[:end]
	}
	var got []string
	for _, m := range aLink.FindAllStringSubmatch(list, -1) {
		got = append(got, m[1])
	}
	for n, h := range want {
		if n >= len(got) || got[n] != "#"+h.anchor {
			return append(problems, fmt.Sprintf("under Contents, the link %d must lead to #%s", n+1, h.anchor))
		}
	}
	if len(got) > len(want) {
		problems = append(problems, fmt.Sprintf("under Contents, the link %s leads to no section", got[len(want)]))
	}
	return problems
}
