package docs

import (
	"slices"
	"strings"
	"testing"
)

// TestPlantedMistakes: each check notices a mistake of its kind.
func TestPlantedMistakes(t *testing.T) {
	r := newRepository(t)
	sources, code := sources(t), newCode(t)
	for _, test := range []struct{ text, want string }{
		{"See [this](NOWHERE.md).", "leads to no file"},
		{"See [this](#nowhere).", "has no heading"},
		{"See [this](docs/SIP.md#nowhere).", "has no heading"},
		{"See [this](LICENSE#nowhere).", "names a heading in a file that has none"},
		{"# T\n\n## Contents\n\n- [One](#one)\n\n## One\n\n## Two\n", "must lead to #two"},
		{"# T\n\n## Contents\n\n- [One](#one)\n- [Two](#two)\n\n## One\n", "leads to no section"},
		{"Use `make everything`.", "has no target everything"},
		{"Use `holdfast transfers`.", "has no command transfers"},
		{"Use `holdfast agents promote`.", "has no command promote"},
		{"Use `holdfast transfer --quickly`.", "has no flag --quickly"},
		{"Use `go test -run NothingLikeThis ./call`.", "finds no test"},
		{"Use `go test ./nowhere`.", "there is no package"},
		{"Use `go test ./call -quickly`.", "no test declares the flag"},
		{"TestNothingLikeThis shows it.", "no package declares TestNothingLikeThis"},
		{"See `call/nowhere.go`.", "there is no file call/nowhere.go"},
		{"Set HOLDFAST_NOTHING.", "nothing reads the variable HOLDFAST_NOTHING"},
		{"```sh\nfrobnicate now\n```\n", "is not known"},
		{"```sh\nscripts/nothing\n```\n", "there is no file"},
		{"```sh\nmake check && make everything | sort\n```\n", "has no target everything"},
		{"```\nwhat is this\n```\n", "needs a fence with its language"},
		{"Text:\n\n    what is this\n", "needs a fence with its language"},
		{"```cobol\nSTOP RUN.\n```\n", "the language cobol"},
		{"```go\nx := holdfast.NoSuchThing()\n```\n", "neither a whole program nor an excerpt"},
		{"```go\npackage main\n\nfunc main() { missing() }\n```\n", "does not compile"},
		{"```json\n{\"a\": }\n```\n", "not JSON"},
		{"```toml\n[sip]\nlisten = \"nowhere\"\n```\n", "cannot be loaded"},
		{"```toml\n[sipp]\n```\n", "cannot be loaded"},
		{"```js\nconst = 1;\n```\n", "cannot parse"},
		{"```html\n<p><b>bold</p>\n```\n", "not well-formed"},
		{"```html\n<script>import \"/holdfast/none.js\"</script>\n```\n", "no such file"},
		{"```mermaid\nsequenceDiagram\n    A->>B: hello\n```\n", "not declared"},
		{"```story\nana dances\n```\n", "cannot be played"},
	} {
		d := parse("README.md", test.text)
		found := contents(d)
		commands, _ := r.commands(d)
		names, _ := code.names(d, test.text)
		found = slices.Concat(found, commands, names)
		for _, l := range d.links {
			found = append(found, follow(d, l.text, []*document{d, parse("docs/SIP.md", read(t, "docs/SIP.md"))}))
		}
		for _, b := range d.blocks {
			if err := blockError(b, sources); err != nil {
				found = append(found, err.Error())
			}
		}
		if !strings.Contains(strings.Join(found, "\n"), test.want) {
			t.Errorf("%q: found %q, want %q", test.text, found, test.want)
		}
	}
}
