// Package docs tests the documentation: every link resolves, every command exists,
// every block of code is run, compiled or parsed, and no banned phrase comes back.
package docs

import (
	"os"
	"testing"
)

// scratch is a directory for what the tests build and write. It is removed afterwards.
var scratch string

// The tests work in the root of the repository.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "holdfast-docs-")
	if err != nil {
		panic(err)
	}
	scratch = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}
