package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// A document is a Markdown file, taken apart as far as the tests look at it.
type document struct {
	path     string // from the root of the repository
	lines    int
	headings []heading
	blocks   []block // of code
	spans    []piece // of code inside a line
	links    []piece // their destinations
	prose    string  // all other text; code is blanked, lines keep their numbers
}

type heading struct {
	level        int
	text, anchor string
}

type block struct {
	line           int
	language, text string // language is empty if the block names none
}

type piece struct {
	line int
	text string
}

// documents returns all Markdown files of the repository.
func documents(t *testing.T) (all []*document) {
	t.Helper()
	for _, path := range files(t, ".md") {
		all = append(all, parse(path, read(t, path)))
	}
	if len(all) < 15 {
		t.Fatalf("found only %d documents", len(all))
	}
	return all
}

// files returns the files of the repository that end in one of the given ways.
func files(t *testing.T, endings ...string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			hidden := strings.HasPrefix(d.Name(), ".") && path != "." && path != ".github"
			built := path == "bin" || path == "connect/dist" || strings.HasPrefix(path, "holdfast-demo")
			if hidden || built || d.Name() == "node_modules" {
				return fs.SkipDir
			}
			return nil
		}
		for _, ending := range endings {
			if strings.HasSuffix(path, ending) {
				paths = append(paths, filepath.ToSlash(path))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	fence     = regexp.MustCompile("^ *```(\\w*)$")
	aHeading  = regexp.MustCompile(`^(#+) (.*)$`)
	codeSpan  = regexp.MustCompile("(?s)``(.+?)``|`([^`]+)`")
	aLink     = regexp.MustCompile(`\]\(([^()\s]+)\)|<(https?://[^>]+)>|(?m:^\[[^\]]+\]: (\S+)$)|(?:src|href)="([^"]+)"`)
	emphasis  = regexp.MustCompile(`[*_]`)
	linkText  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	paragraph = regexp.MustCompile(`\n\s*\n`)
)

func parse(path, text string) *document {
	d := &document{path: path}
	prose := d.takeBlocks(strings.Split(text, "\n"))
	prose = d.takeSpans(prose)
	for _, m := range aLink.FindAllStringSubmatchIndex(prose, -1) {
		for group := 2; group < len(m); group += 2 {
			if m[group] >= 0 {
				d.links = append(d.links, piece{lineAt(prose, m[0]), prose[m[group]:m[group+1]]})
			}
		}
	}
	d.prose = prose
	return d
}

// takeBlocks returns the text with its blocks of code blanked.
func (d *document) takeBlocks(lines []string) string {
	d.lines = len(lines) - 1
	taken := map[string]int{} // anchors
	var prose []string
	var open *block
	var inside []string
	end := func() {
		open.text = strings.Join(inside, "\n")
		d.blocks = append(d.blocks, *open)
		open, inside = nil, nil
	}
	indented := func(n int) bool {
		return strings.HasPrefix(lines[n], "    ") && n > 0 && strings.TrimSpace(lines[n-1]) == ""
	}
	fenced := false
	for n, line := range lines {
		mark := fence.FindStringSubmatch(line)
		switch {
		case open != nil && fenced && mark != nil:
			end()
			line = ""
		case open != nil && !fenced && !strings.HasPrefix(line, "    ") && strings.TrimSpace(line) != "":
			end()
		case open == nil && mark != nil:
			open, fenced = &block{line: n + 1, language: mark[1]}, true
			prose = append(prose, "")
			continue
		case open == nil && indented(n):
			open, fenced = &block{line: n + 1}, false
		}
		if open != nil {
			inside = append(inside, line)
			line = ""
		}
		if m := aHeading.FindStringSubmatch(line); m != nil {
			d.headings = append(d.headings, heading{len(m[1]), m[2], anchor(m[2], taken)})
		}
		prose = append(prose, line)
	}
	if open != nil {
		end()
	}
	return strings.Join(prose, "\n")
}

// takeSpans returns the text with the code inside its lines blanked.
func (d *document) takeSpans(prose string) string {
	var out strings.Builder
	from := 0
	for _, end := range append(paragraph.FindAllStringIndex(prose, -1), []int{len(prose), len(prose)}) {
		part := prose[from:end[1]]
		out.WriteString(codeSpan.ReplaceAllStringFunc(part, func(span string) string {
			line := lineAt(prose, from) + lineOf(part, span)
			code := strings.ReplaceAll(strings.Trim(span, "`"), "\n", " ")
			d.spans = append(d.spans, piece{line, strings.ReplaceAll(code, `\|`, "|")})
			return blank(span)
		}))
		from = end[1]
	}
	return out.String()
}

// anchor returns the name that GitHub gives to a heading.
func anchor(title string, taken map[string]int) string {
	title = emphasis.ReplaceAllString(linkText.ReplaceAllString(title, "$1"), "")
	name := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, title)
	taken[name]++
	if n := taken[name]; n > 1 {
		return name + "-" + string(rune('0'+n-1))
	}
	return name
}

func blank(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return 'x'
	}, text)
}

func lineAt(text string, at int) int { return 1 + strings.Count(text[:at], "\n") }

func lineOf(text, part string) int { return strings.Count(text[:strings.Index(text, part)], "\n") }
