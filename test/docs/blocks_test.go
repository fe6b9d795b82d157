package docs

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast/config"
)

// languages are those that a block of code may name. What is text is only shown; sh
// is checked and run by the tests of commands.
var languages = []string{"go", "html", "js", "json", "mermaid", "sh", "story", "text", "toml"}

// TestBlocks: each block of code names its language, and is valid in it.
func TestBlocks(t *testing.T) {
	sources := sources(t)
	program(t)
	checked := map[string]int{}
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			checked[b.language]++
			if err := blockError(b, sources); err != nil {
				t.Errorf("%s:%d: %v", d.path, b.line, err)
			}
		}
	}
	for _, language := range []string{"go", "html", "js", "mermaid", "sh", "toml"} {
		if checked[language] == 0 {
			t.Errorf("found no block of %s", language)
		}
	}
}

// sources returns the code that excerpts are taken from.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, file := range files(t, ".go") {
		if !strings.HasPrefix(file, "test/docs/") {
			all.WriteString(read(t, file))
		}
	}
	return all.String()
}

// blockError checks a block; sources are those that excerpts are taken from.
func blockError(b block, sources string) error {
	switch b.language {
	case "go":
		return goError(b.text, sources)
	case "html":
		return htmlError(b.text)
	case "js":
		return jsError(b.text)
	case "json":
		if !json.Valid([]byte(b.text)) {
			return errors.New("this is not JSON")
		}
	case "mermaid":
		return mermaidError(b.text)
	case "story":
		return storyError(b.text)
	case "toml":
		return tomlError(b.text)
	case "":
		return fmt.Errorf("a block needs a fence with its language: one of %s", strings.Join(languages, ", "))
	}
	if !slices.Contains(languages, b.language) {
		return fmt.Errorf("the language %s is not one of %s", b.language, strings.Join(languages, ", "))
	}
	return nil
}

// ourImport finds the imports of our packages by the path that the documents use.
var ourImport = regexp.MustCompile(`"holdfast(/[a-z/]+)?"`)

// modulePath reads the path of the module, which scripts/module changes.
func modulePath() (string, error) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		return "", err
	}
	return strings.Fields(string(text))[1], nil
}

// goError compiles a whole program, and looks for an excerpt in the sources.
func goError(text, sources string) error {
	if !strings.HasPrefix(text, "package ") {
		if strings.Contains(sources, text) {
			return nil
		}
		return errors.New("this is neither a whole program nor an excerpt of a file in the repository")
	}
	module, err := modulePath()
	if err != nil {
		return err
	}
	text = ourImport.ReplaceAllString(text, `"`+module+`$1"`)
	text = strings.Replace(text, "package main", "package program", 1) // so that it is not linked
	file := filepath.Join(scratch, "program.go")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	if out, err := run("go", "build", file); err != nil {
		return fmt.Errorf("this program does not compile: %w\n%s", err, out)
	}
	return nil
}

var (
	environment = regexp.MustCompile(`\$\{(\w+)\}`)
	certificate = regexp.MustCompile(`(?m)^(cert_file|key_file) = ".*"`)
)

// login is a hash as "holdfast password" prints it.
const login = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$iBLAHFT6jhtC9lFPMb3n9A"

// tomlError loads a configuration. What it names of the environment and of other files
// is made up.
func tomlError(text string) error {
	text = environment.ReplaceAllStringFunc(text, func(name string) string {
		if strings.HasSuffix(name, "LOGIN}") {
			return login
		}
		return "a-long-enough-secret"
	})
	text = strings.ReplaceAll(text, "$argon2id$…", login)
	if certificate.MatchString(text) {
		if err := writeCertificate(); err != nil {
			return err
		}
		text = certificate.ReplaceAllString(text, `$1 = "`+scratch+`/$1.pem"`)
	}
	if _, err := config.Parse("holdfast.toml", []byte(text)); err != nil {
		return fmt.Errorf("the configuration cannot be loaded: %w", err)
	}
	return nil
}

// writeCertificate writes a certificate and its key to the scratch directory.
func writeCertificate() error {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return err
	}
	for name, content := range map[string]*pem.Block{
		"cert_file": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		"key_file":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(scratch, name+".pem"), pem.EncodeToMemory(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// jsError has Node parse a module. Without Node it checks nothing, except in a
// continuous build.
func jsError(text string) error {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") != "" {
			return err
		}
		return nil
	}
	cmd := exec.Command(node, "--input-type=module", "--check", "-")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("Node cannot parse this: %w\n%s", err, out)
	}
	return nil
}

var (
	script   = regexp.MustCompile(`(?s)<script[^>]*>(.*?)</script>`)
	imported = regexp.MustCompile(`(?:from|import) "/holdfast/([^"]+)"`)
)

// htmlError checks the elements and scripts of a page, and that the files it imports
// from /holdfast/, the directory connect of the repository, exist.
func htmlError(text string) error {
	for _, m := range script.FindAllStringSubmatch(text, -1) {
		if err := jsError(m[1]); err != nil {
			return err
		}
	}
	for _, m := range imported.FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("connect", m[1])); err != nil {
			return err
		}
	}
	page := "<page>" + script.ReplaceAllString(text, "") + "</page>"
	decoder := xml.NewDecoder(bytes.NewReader([]byte(page)))
	decoder.AutoClose, decoder.Entity = xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("the page is not well-formed: %w", err)
		}
	}
}

var (
	participant = regexp.MustCompile(`^(?:participant|actor) (\w+)(?: as .+)?$`)
	message     = regexp.MustCompile(`^(\w+)(?:->>|-->>|-\)|--\)|-x|--x)(\w+): .+$`)
	structure   = regexp.MustCompile(`^(?:alt|else|opt|loop|par|and|end|Note (?:over|left of|right of) [\w, ]+:|rect|autonumber)\b.*$`)
)

// mermaidError checks a sequence diagram: each line is known, and each message goes
// from one declared participant to another.
func mermaidError(text string) error {
	first, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if first != "sequenceDiagram" {
		return errors.New("only sequence diagrams are checked")
	}
	declared := map[string]bool{}
	for line := range strings.Lines(rest) {
		line = strings.TrimSpace(line)
		if m := participant.FindStringSubmatch(line); m != nil {
			declared[m[1]] = true
		} else if m := message.FindStringSubmatch(line); m != nil {
			if !declared[m[1]] || !declared[m[2]] {
				return fmt.Errorf("%q names a participant that is not declared", line)
			}
		} else if line != "" && !structure.MatchString(line) {
			return fmt.Errorf("%q is not part of a sequence diagram", line)
		}
	}
	return nil
}

// storyError plays a story to the line of dashes.
func storyError(text string) error {
	text, _, _ = strings.Cut(text, "----")
	file := filepath.Join(scratch, "story.txt")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	if built.err != nil {
		return built.err
	}
	if out, err := run(built.file, "what-if", file); err != nil {
		return fmt.Errorf("the story cannot be played: %w\n%s", err, out)
	}
	return nil
}
