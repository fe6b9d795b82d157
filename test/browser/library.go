package browser

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// A release is one or more packages as npm has them, and the part of the directory
// node_modules that tests use.
type release struct {
	name     string   // of the directory in which this user keeps it
	packages []string // with their versions
	part     string   // a path in node_modules
	sum      string   // of the files in part (sumOf)
}

var (
	// streams is Amazon Connect Streams, with the SDK that its file contains.
	streams = release{
		"streams-2.28.2", []string{"amazon-connect-streams@2.28.2"}, "amazon-connect-streams/release/connect-streams-min.js",
		"a3a19302dfb8b54a4c19d362ee6b6ffee3129f31fcae91479ca450c8bf067d62",
	}
	// sdk is the Amazon Connect SDK in packages of its own.
	sdk = release{
		"sdk-1.0.12",
		[]string{"@amazon-connect/contact@1.0.12", "@amazon-connect/voice@1.0.12", "@amazon-connect/site-streams@1.0.12"},
		"@amazon-connect", "09d5ffdb2b099efd30f90b201b8719b60d05861e5b3cadbdc1344f176fb6d25e",
	}
)

// get returns the path of a release's part. It installs the packages by npm, unless
// this user has them already.
func (r release) get() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a directory for %s: %w", r.name, err)
	}
	dir := filepath.Join(cache, "holdfast", r.name)
	part := filepath.Join(dir, "node_modules", filepath.FromSlash(r.part))
	if _, err := os.Stat(part); err != nil {
		if err := r.install(dir); err != nil {
			return "", fmt.Errorf("installing %s: %w", r.name, err)
		}
	}
	sum, err := sumOf(part)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", r.name, err)
	}
	if sum != r.sum {
		return "", fmt.Errorf("%s is not as npm has it (%s); remove it to install it again", dir, sum)
	}
	return part, nil
}

// install installs the packages in dir, at once or not at all.
func (r release) install(dir string) (err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(dir), "unfinished")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(unfinished)) }()
	npm := exec.Command("npm", append([]string{"install", "--prefix", unfinished, "--ignore-scripts", "--no-audit", "--no-fund",
		"--fetch-retries=1", "--fetch-retry-mintimeout=1000"}, r.packages...)...)
	if said, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("it takes a network, once: %s: %w\n%s", npm, err, said)
	}
	return os.Rename(unfinished, dir)
}

// sumOf is the SHA-256 of a file, or of the names and contents of all files in a
// directory.
func sumOf(path string) (string, error) {
	sum := sha256.New()
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(path, file)
		if name != "." { // path is a directory
			fmt.Fprintf(sum, "%s %d\n", filepath.ToSlash(name), len(text))
		}
		_, _ = sum.Write(text) // which never fails
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}
