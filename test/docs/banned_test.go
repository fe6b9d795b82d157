package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// banned are phrases that read as if translated, each with what to write instead.
var banned = []struct{ phrase, instead string }{
	{`whom`, "name the person: the agent that the queue offered"},
	{`whoever|whosoever`, "anyone who, or name the person"},
	{`nought`, "zero"},
	{`of (ours|theirs|hers)`, "our, their, her"},
	{`(told|tell|tells|says?|said) so`, "report, return or log it"},
	{`shall`, "must or will"},
	{`meanwhile`, "until then, or while"},
	{`all the same`, "anyway, or identical"},
	{`there (is|are|was) no such`, "does not exist"},
	{`(which|that|what) there (is|are) not`, "does not exist"},
	{`(is|are) of no use`, "cannot be used"},
	{`(let|lets|letting) go of`, "release"},
	{`(let|lets) it ring`, "does not answer"},
	{`[Ww]hat is no`, "name the thing: a datagram that is not RTP"},
	{`becomes? of`, "happens to"},
	{`same sound`, "can hear each other"},
	{`likes? it better`, "prefer"},
	{`(is|are) to be had`, "is available"},
}

var bannedPhrases = func() []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, b := range banned {
		all = append(all, regexp.MustCompile(`(?i)\b(?:`+strings.ReplaceAll(b.phrase, " ", `\s+(?:// )?`)+`)\b`))
	}
	return all
}()

// TestBannedPhrases looks for them in the prose of documents, in the manual of the
// configuration, and in the comments and texts of all packages. Code, quotations and
// tests are left out.
func TestBannedPhrases(t *testing.T) {
	for _, d := range documents(t) {
		for _, problem := range bannedIn(d.path, unquoted(d.prose)) {
			t.Error(problem)
		}
	}
	others := append(files(t, ".toml", ".sh", ".mjs", ".d.ts", ".html", ".css", ".service"), "Makefile", "scripts/test", "scripts/check")
	for _, file := range others {
		if strings.Contains(file, "testdata") {
			continue
		}
		for _, problem := range bannedIn(file, read(t, file)) {
			t.Error(problem)
		}
	}
	for _, file := range files(t, ".go") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, problem := range bannedInGo(t, file, read(t, file)) {
			t.Error(problem)
		}
	}
}

// TestBannedPhrasesAreFound: the check notices what it is for, and nothing else.
func TestBannedPhrasesAreFound(t *testing.T) {
	for _, text := range []string{
		"The agent whom it rings.", "Whoever\nanswers.", "It is told so.", "A queue shall\nring.", "A friend of theirs.",
		"There is no such name.", "It lets go\nof the customer.", "What is no RTP is dropped.",
	} {
		if len(bannedIn("a", text)) != 1 {
			t.Errorf("%q: found %q, want one mistake", text, bannedIn("a", text))
		}
	}
	for _, text := range []string{
		"A shallow copy.", "Who answers?", "They must answer, or the call ends.", unquoted(`RFC 3261 has "a UA SHALL reject it".`),
	} {
		if found := bannedIn("a", text); len(found) != 0 {
			t.Errorf("%q: found %q, want nothing", text, found)
		}
	}
	const source = "package a\n\n// A leg, whom it concerns.\ntype leg struct{}\n\nvar whom = `x`\n\nconst text = \"whoever answers\"\n"
	if found := bannedInGo(t, "a.go", source); len(found) != 2 {
		t.Errorf("in a program: found %q, want the comment and the text", found)
	}
}

var quotation = regexp.MustCompile(`"[^"\n]{1,120}"|“[^”]{1,120}”`)

// unquoted blanks quotations.
func unquoted(text string) string { return quotation.ReplaceAllStringFunc(text, blank) }

func bannedIn(file, text string) (problems []string) {
	for n, phrase := range bannedPhrases {
		for _, at := range phrase.FindAllStringIndex(text, -1) {
			problems = append(problems, fmt.Sprintf("%s:%d: %q; write: %s", file, lineAt(text, at[0]), text[at[0]:at[1]], banned[n].instead))
		}
	}
	return problems
}

// bannedInGo looks at the comments and the texts of a program.
func bannedInGo(t *testing.T, file, source string) (problems []string) {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	check := func(n ast.Node, text string) {
		line := set.Position(n.Pos()).Line
		problems = append(problems, bannedIn(file, strings.Repeat("\n", line-1)+unquoted(text))...)
	}
	for _, group := range parsed.Comments {
		check(group, source[group.Pos()-parsed.FileStart:group.End()-parsed.FileStart])
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if literal, is := n.(*ast.BasicLit); is && literal.Kind == token.STRING {
			check(literal, strings.Trim(literal.Value, "`\""))
		}
		return true
	})
	return problems
}
