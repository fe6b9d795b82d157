package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// While the server is being replaced, what a start reads waits for the next one, and
// a follower gets an error after which it may follow again.
func TestReadersOutlastTheServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := open(t, dir)
	last := live(t, j, "a", 2)
	if _, err := j.Put(t.Context(), "agent", "ana", []byte("free"), 0); err != nil {
		t.Fatal(err)
	}
	following := make(chan error)
	go func() { // ends when the follower gets an error
		for _, err := range j.Follow(t.Context(), 0) {
			if err != nil {
				following <- err
				return
			}
		}
	}()
	inTheWay := filepath.Join(streamDir(dir, "CONTACTS"), "msgs", "99.blk") // of reading the blocks
	if err := os.Symlink(inTheWay, inTheWay); err != nil {
		t.Fatal(err)
	}
	j.embedded.failed(errors.New("the disk is full"))
	if err := <-following; err == nil {
		t.Error("the follower got nothing")
	}
	const away = 2 * time.Second // longer than a reader tries again by itself
	time.AfterFunc(away, func() { _ = os.Remove(inTheWay) })
	if got, want := steps(j.Live(t.Context())), fmt.Sprintf("%d:a/2", last); got != want {
		t.Errorf("live are %q, want %q", got, want)
	}
	if items, err := j.All(t.Context(), "agent"); err != nil || len(items) != 1 {
		t.Errorf("got %v, %v", items, err)
	}
	mustAppend(t, j, entry("a", 3), last)
}

// A server that fails while it starts is replaced, and why is known until then.
func TestCauseOfAFailureAtTheStart(t *testing.T) {
	e := &embedded{broken: make(chan struct{}, 1)}
	full := errors.New("the disk is full")
	e.failed(full)
	e.started(nil)
	if got := e.why(); !errors.Is(got, full) {
		t.Errorf("it is replaced because of %v", got)
	}
	<-e.broken
	e.started(nil)
	if got := e.why(); got != nil {
		t.Errorf("it is well, and is replaced because of %v", got)
	}
}

// Only an error of a disk that may take entries again is waited for.
func TestMayPass(t *testing.T) {
	for err, want := range map[error]bool{
		&fs.PathError{Op: "write", Path: "1.blk", Err: syscall.ENOSPC}:                 true,
		fmt.Errorf("opening: %w", errors.Join(errors.New("no server"), syscall.EROFS)): true,
		fs.ErrPermission:     false,
		errors.New("in use"): false,
		syscall.EACCES:       false,
	} {
		if got := MayPass(err); got != want {
			t.Errorf("%v may pass: %t, want %t", err, got, want)
		}
	}
}

// What is written again is as it was.
func TestWriteAgain(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	live(t, j, "a", 2)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := blocks(dir, "CONTACTS")
	if err != nil || len(all) != 1 {
		t.Fatalf("got %v, %v", all, err)
	}
	before, err := os.ReadFile(all[0].file)
	if err == nil {
		err = writeAgain(dir, "CONTACTS")
	}
	after, err2 := os.ReadFile(all[0].file)
	if err := errors.Join(err, err2); err != nil || string(before) != string(after) || len(before) == 0 {
		t.Errorf("%d bytes were written as %d others: %v", len(before), len(after), err)
	}
}

// A process that starts writes again what the one before may have failed to write.
func TestWriteAgainAtTheStart(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	mustPut(t, j, "agent", "ana", "free", 0)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	file := theBlock(t, dir, "ROUTING").file
	if err := os.Chtimes(file, noon, noon); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if info, err := os.Stat(file); err != nil || info.ModTime().Equal(noon) {
		t.Errorf("the block was not written (%v)", err)
	}
}

// A directory that another process has is left alone.
func TestNoProbeOfOthers(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	before, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), takeAgain)
	defer cancel()
	if _, err := Open(soon, Options{Dir: dir}); !errors.Is(err, errInUse) {
		t.Errorf("got %v", err)
	}
	if after, err := os.Stat(dir); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("something was written there (%v)", err)
	}
}

// Several may try the same disk, and leave nothing.
func TestProbesSideBySide(t *testing.T) {
	dir := t.TempDir()
	var probing sync.WaitGroup
	for range 4 {
		probing.Go(func() {
			for range 20 {
				if err := probe(dir); err != nil {
					t.Error(err)
				}
			}
		})
	}
	probing.Wait()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}
