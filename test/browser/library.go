package browser

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Amazon Connect Streams, and the sum (SHA-256) of its file as npm has it.
const (
	libraryName    = "amazon-connect-streams"
	libraryVersion = "2.28.2"
	libraryFile    = "release/connect-streams-min.js"
	librarySum     = "a3a19302dfb8b54a4c19d362ee6b6ffee3129f31fcae91479ca450c8bf067d62"
)

// library returns the file of Amazon Connect Streams. It installs the package by
// npm, unless this user has it already.
func library() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a directory for %s: %w", libraryName, err)
	}
	dir := filepath.Join(cache, "holdfast", libraryName+"-"+libraryVersion)
	file := filepath.Join(dir, filepath.FromSlash(libraryFile))
	if _, err := os.Stat(file); err != nil {
		if err := install(dir); err != nil {
			return "", fmt.Errorf("installing %s: %w", libraryName, err)
		}
	}
	if err := unmodified(file); err != nil {
		return "", fmt.Errorf("%w; remove %s to install it again", err, dir)
	}
	return file, nil
}

// install installs the package as dir, at once or not at all. What it depends on
// is in its release files already, and is not kept.
func install(dir string) (err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(dir), "unfinished")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(unfinished)) }()
	npm := exec.Command("npm", "install", "--prefix", unfinished, "--ignore-scripts", "--no-audit", "--no-fund",
		"--fetch-retries=1", "--fetch-retry-mintimeout=1000", libraryName+"@"+libraryVersion)
	if said, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("it takes a network, once: %s: %w\n%s", npm, err, said)
	}
	return os.Rename(filepath.Join(unfinished, "node_modules", libraryName), dir)
}

// unmodified checks that a file is the library as npm has it.
func unmodified(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the library: %w", err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != librarySum {
		return fmt.Errorf("%s is not that of %s %s", file, libraryName, libraryVersion)
	}
	return nil
}
