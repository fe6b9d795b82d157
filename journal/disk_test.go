package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	inTheWay := filepath.Join(dir, probeName) // of trying the disk
	if err := os.Mkdir(inTheWay, 0o700); err != nil {
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
		err = writeAgain(dir)
	}
	after, err2 := os.ReadFile(all[0].file)
	if err := errors.Join(err, err2); err != nil || string(before) != string(after) || len(before) == 0 {
		t.Errorf("%d bytes were written as %d others: %v", len(before), len(after), err)
	}
}
