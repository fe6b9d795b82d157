package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCommands: every command in a block of shell, and every command of ours in the
// text, exists with its subcommands, flags, targets and tests.
func TestCommands(t *testing.T) {
	r := newRepository(t)
	checked := 0
	for _, d := range documents(t) {
		problems, n := r.commands(d)
		checked += n
		for _, problem := range problems {
			t.Error(problem)
		}
	}
	if checked < 100 {
		t.Errorf("checked only %d commands", checked)
	}
}

// commands returns what is wrong with the commands of a document, and how many it has.
func (r *repository) commands(d *document) (problems []string, checked int) {
	check := func(line int, text string, onlyOurs bool) {
		for _, words := range commandsIn(text) {
			if onlyOurs && (!slices.Contains(ours, words[0]) || len(words) == 1) {
				continue
			}
			checked++
			if problem := r.command(d.path, words); problem != "" {
				problems = append(problems, fmt.Sprintf("%s:%d: %s: %s", d.path, line, text, problem))
			}
		}
	}
	for _, b := range d.blocks {
		if b.language != "sh" {
			continue
		}
		for _, line := range commandLines(b.text) {
			check(b.line, line, false)
		}
	}
	for _, s := range d.spans {
		check(s.line, s.text, true)
	}
	return problems, checked
}

// ours are the programs whose commands are checked also where they stand in the text.
var ours = []string{"make", "holdfast", "bin/holdfast", "go", "scripts/module", "scripts/fuzz"}

// elsewhere are programs that are not part of this repository.
var elsewhere = strings.Fields(`apt-get baresip cp curl docker export git mkdir node npm npx python3 sed sipp source
	systemctl tsc cd cat install chmod jq`)

// A repository has what commands may name.
type repository struct {
	tests map[string][]string // test, fuzz and benchmark functions by directory
	help  map[string]string   // of the commands of holdfast that were looked at
	built string              // the program
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{tests: map[string][]string{}, help: map[string]string{}, built: program(t)}
	for _, file := range files(t, "_test.go") {
		dir := filepath.ToSlash(filepath.Dir(file))
		for _, m := range declared.FindAllStringSubmatch(read(t, file), -1) {
			r.tests[dir] = append(r.tests[dir], m[1])
		}
	}
	return r
}

// command returns what is wrong with a command in a document, or nothing.
func (r *repository) command(document string, words []string) string {
	switch name := words[0]; {
	case name == "make":
		return makes(document, words[1:])
	case name == "holdfast" || name == "bin/holdfast":
		return r.holdfast(words[1:])
	case name == "go":
		return r.goes(words[1:])
	case slices.Contains(elsewhere, name):
		return ""
	case strings.Contains(name, "/"):
		if _, err := os.Stat(name); err != nil {
			return "there is no file " + name
		}
		return ""
	default:
		return fmt.Sprintf("the program %q is not known", name)
	}
}

// makes checks targets of a Makefile.
func makes(document string, words []string) string {
	makefile := "Makefile"
	for n, word := range words {
		switch {
		case word == "-C":
			makefile = filepath.Join(filepath.Dir(document), words[n+1], "Makefile")
		case n > 0 && words[n-1] == "-C", strings.Contains(word, "="), strings.HasPrefix(word, "-"):
		default:
			text, err := os.ReadFile(makefile)
			if err != nil || !strings.Contains(string(text), "\n"+word+":") {
				return fmt.Sprintf("%s has no target %s", makefile, word)
			}
		}
	}
	return ""
}

// holdfast checks a command of the program and its flags against its own help.
func (r *repository) holdfast(words []string) string {
	var path []string
	help := r.helpOf(path)
	for n, word := range words {
		flag, _, _ := strings.Cut(word, "=")
		_, names, has := strings.Cut(help, "Available Commands:")
		names, _, _ = strings.Cut(names, "\n\n")
		switch {
		case strings.HasPrefix(word, "-") && len(word) > 1:
			if !regexp.MustCompile(`(?m)^ .*` + flag + `\b`).MatchString(help) {
				return fmt.Sprintf("holdfast %s has no flag %s", strings.Join(path, " "), flag)
			}
		case has && len(path) == n:
			if !strings.Contains(names, "\n  "+word+" ") {
				return fmt.Sprintf("holdfast %s has no command %s", strings.Join(path, " "), word)
			}
			path = append(path, word)
			help = r.helpOf(path)
		}
	}
	return ""
}

func (r *repository) helpOf(path []string) string {
	key := strings.Join(path, " ")
	if _, known := r.help[key]; !known {
		out, err := run(r.built, append(slices.Clone(path), "--help")...)
		if err != nil {
			out = ""
		}
		r.help[key] = out
	}
	return r.help[key]
}

// flagsWithValue are those of the go command that are followed by one.
var flagsWithValue = strings.Fields("-run -bench -count -timeout -fuzz -fuzztime -benchtime -skip -C -o -ldflags -gcflags")

// goes checks a go command: the packages, and what is run in them.
func (r *repository) goes(words []string) string {
	verb, words := words[0], words[1:]
	if !slices.Contains([]string{"test", "run", "build", "install"}, verb) {
		return ""
	}
	dir := "."
	var packages, patterns, own []string
	for n := 0; n < len(words); n++ {
		word := words[n]
		switch {
		case slices.Contains(flagsWithValue, word) && n+1 == len(words):
			return word + " needs a value"
		case slices.Contains(flagsWithValue, word):
			n++
			switch word {
			case "-C":
				dir = words[n]
			case "-run", "-bench", "-fuzz":
				patterns = append(patterns, words[n])
			}
		case strings.HasPrefix(word, "-") && !slices.Contains([]string{"-v", "-race", "-benchmem", "-trimpath"}, word):
			if !strings.Contains(word, "=") {
				own = append(own, strings.TrimLeft(word, "-"))
			}
		case !strings.HasPrefix(word, "-"):
			packages = append(packages, word)
		}
		if verb == "run" && len(packages) > 0 {
			break // the rest are arguments of the program
		}
	}
	if len(packages) == 0 {
		packages = []string{"."}
	}
	return r.packages(dir, packages, patterns, own)
}

// packages checks that packages exist, each of the patterns finds a test in one of
// them, and a flag of their own is declared.
func (r *repository) packages(dir string, packages, patterns, own []string) string {
	var names []string
	var sources strings.Builder
	for _, p := range packages {
		at := filepath.ToSlash(filepath.Join(dir, p))
		tree := strings.HasSuffix(p, "...")
		at = strings.TrimSuffix(strings.TrimSuffix(at, "..."), "/")
		if at == "" {
			at = "."
		}
		if found, err := filepath.Glob(at + "/*"); err != nil || len(found) == 0 {
			return "there is no package " + p
		}
		for d, tests := range r.tests {
			if d == at || tree && (at == "." || strings.HasPrefix(d, at+"/")) {
				names = append(names, tests...)
			}
		}
		tests, _ := filepath.Glob(at + "/*_test.go")
		for _, file := range tests {
			text, err := os.ReadFile(file)
			if err != nil {
				return err.Error()
			}
			sources.Write(text)
		}
	}
	for _, flag := range own {
		if flag == "rewrite" && strings.Contains(sources.String(), "datadriven.") {
			continue
		}
		if !regexp.MustCompile(`flag\.\w+\("` + flag + `"`).MatchString(sources.String()) {
			return "no test declares the flag -" + flag
		}
	}
	for _, pattern := range patterns {
		if problem := finds(pattern, names); problem != "" {
			return problem
		}
	}
	return ""
}

// finds checks that each alternative of a pattern finds a test.
func finds(pattern string, names []string) string {
	pattern, _, _ = strings.Cut(pattern, "/") // subtests have no declaration
	if slices.Contains([]string{"^$", "xxx", "xx", "."}, pattern) {
		return ""
	}
	alternatives := strings.Split(pattern, "|")
	if strings.ContainsAny(pattern, "()") {
		alternatives = []string{pattern}
	}
	for _, one := range alternatives {
		expression, err := regexp.Compile(one)
		if err != nil {
			return err.Error()
		}
		if !slices.ContainsFunc(names, expression.MatchString) {
			return fmt.Sprintf("%s finds no test", one)
		}
	}
	return ""
}
