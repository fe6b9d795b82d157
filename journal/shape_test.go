package journal

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"holdfast/switchboard"
)

var update = flag.Bool("update", false, "write testdata/v1-draft/changes.json anew")

// golden reads an entry of testdata/v1-draft.
func golden(t *testing.T, name string) switchboard.Entry {
	t.Helper()
	data, err := os.ReadFile("../testdata/v1-draft/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var e switchboard.Entry
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestShapeOfChanges compares a golden file with what is kept of the golden entry
// contact-over.json when it builds on contact.json, before it is deflated.
//
//	go test ./journal -run TestShapeOfChanges -update
//
// writes it anew.
func TestShapeOfChanges(t *testing.T) {
	const file = "../testdata/v1-draft/changes.json"
	first, then := golden(t, "contact.json"), golden(t, "contact-over.json")
	all, err := encode(first)
	if err != nil {
		t.Fatal(err)
	}
	on, err := wholeIn(message{"contact.c1", 7, 0, all.Data})
	if err != nil {
		t.Fatal(err)
	}
	if all, err = encode(then); err != nil {
		t.Fatal(err)
	}
	m, err := encodeOn(on, then, all)
	if err != nil {
		t.Fatal(err)
	}
	text, err := inflate(m.Data, on.text())
	if err != nil {
		t.Fatal(err)
	}
	var written bytes.Buffer
	if err := json.Indent(&written, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	written.WriteByte('\n')
	if *update {
		if err := os.WriteFile(file, written.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(written.Bytes(), want) {
		t.Errorf("%s is written as %s (%v)", file, written.Bytes(), err)
	}
	short, err := deflate(want, on.text())
	if err != nil {
		t.Fatal(err)
	}
	if e, err := decodeOn(on, message{"contact.c1", 8, 7, short}); err != nil || asText(e) != asText(then) {
		t.Errorf("%s is read as %s (%v), want %s", file, asText(e), err, asText(then))
	}
}
