package browser

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// packed are the packages that a page with holdfast-transfer needs, and the tools that
// check and bundle it, as connect/example has them.
var packed = []string{"@amazon-connect/core@1.0.12", "esbuild@0.25.12", "typescript@5.9.3"}

// npmCache returns a cache from which npm installs these packages without a network. It
// is filled by npm, unless this user has it already.
func npmCache() (dir string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a directory for npm: %w", err)
	}
	dir = filepath.Join(cache, "holdfast", "npm-"+strings.NewReplacer("@", "-", "/", "-").Replace(strings.Join(packed, "")))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(dir), "unfinished")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(unfinished)) }()
	filled := filepath.Join(unfinished, "cache")
	if err := npmInstall(filepath.Join(unfinished, "page"), filled, packed...); err != nil {
		return "", fmt.Errorf("it takes a network, once: %w", err)
	}
	return dir, os.Rename(filled, dir)
}

// npmInstall installs packages in a directory, which it makes if need be.
func npmInstall(dir, cache string, more ...string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return runNPM(dir, append([]string{"install", "--prefix", dir, "--cache", cache, "--ignore-scripts", "--no-audit", "--no-fund",
		"--fetch-retries=1", "--fetch-retry-mintimeout=1000"}, more...)...)
}

func runNPM(dir string, arguments ...string) error {
	npm := exec.Command("npm", arguments...)
	npm.Dir = dir
	if said, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", npm, err, said)
	}
	return nil
}
