package journal

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast/switchboard"
)

// child writes contacts into the journal in dir, each from a goroutine of its
// own, and says on its standard output what was acknowledged, until it is
// killed. If told, its files cannot grow beyond a limit until an entry has been
// refused, and then it cannot open any for a while.
func child(dir string) {
	most, limited := os.LookupEnv("HOLDFAST_JOURNAL_LIMIT")
	without, err := time.ParseDuration(cmp.Or(os.Getenv("HOLDFAST_JOURNAL_WITHOUT_FILES"), "0s"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if limited {
		limit(syscall.RLIMIT_FSIZE, most)
	}
	j, err := Open(context.Background(), Options{Dir: dir, Owner: "one", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var lift sync.Once
	for c := range 4 {
		go childContact(j, fmt.Sprint("c", c), func(err error) {
			lift.Do(func() {
				fmt.Println("refused:", err)
				if without > 0 {
					limit(syscall.RLIMIT_NOFILE, "0")
				}
				limit(syscall.RLIMIT_FSIZE, "max")
				time.AfterFunc(without, func() { limit(syscall.RLIMIT_NOFILE, "max") })
			})
		})
	}
	select {}
}

// limit sets how much of something this process may have: the size of a file, the
// number of open files.
func limit(resource int, most string) {
	var l syscall.Rlimit
	err := syscall.Getrlimit(resource, &l)
	if l.Cur = l.Max; most != "max" {
		l.Cur, _ = strconv.ParseUint(most, 10, 64)
	}
	if err := errors.Join(err, syscall.Setrlimit(resource, &l)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// childContact writes step after step, each until it is acknowledged.
func childContact(j *Journal, id string, refused func(error)) {
	var last uint64
	for step := uint64(1); ; {
		e := entry(id, step)
		e.Trace = []string{strings.Repeat("x", 500)}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		seq, err := j.Append(ctx, e, last)
		cancel()
		if err != nil {
			refused(err)
			continue
		}
		fmt.Printf("%d:%s/%d\n", seq, id, step)
		last = seq
		step++
	}
}

// start starts a child, and returns a reader of what it says.
func start(t *testing.T, dir string, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), exe)
	c.Env = append(os.Environ(), "HOLDFAST_JOURNAL_CHILD="+dir)
	c.Env = append(c.Env, env...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewScanner(out)
}

// checkKept makes sure that the journal in dir has everything that was said to
// be acknowledged.
func checkKept(t *testing.T, dir string, acked []string) {
	t.Helper()
	j := open(t, dir)
	kept := map[string]bool{}
	for c := range 4 {
		for _, s := range strings.Fields(history(t, j, fmt.Sprint("c", c))) {
			kept[s] = true
		}
	}
	for _, s := range acked {
		if !kept[s] {
			t.Errorf("%s was acknowledged and is lost", s)
		}
	}
	t.Logf("%d entries acknowledged, %d kept", len(acked), len(kept))
}

func TestAKilledProcessLosesNothing(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		dir := fmt.Sprint(dir, "/", round)
		c, said := start(t, dir)
		var acked []string
		for said.Scan() {
			acked = append(acked, said.Text())
			if len(acked) == 200 {
				soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				if _, err := Open(soon, Options{Dir: dir}); err == nil {
					t.Error("the directory of a living process was opened")
				}
				cancel()
				if err := c.Process.Signal(syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := c.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		checkKept(t, dir, acked)
	}
}

// A file that must not grow is as bad as a full disk, and easier to make. When
// there is space again the journal goes on, in the same process; also if there are
// too many open files just then, so that nothing can be opened.
func TestADiskThatWasFullLosesNothing(t *testing.T) {
	t.Parallel()
	for _, without := range []string{"0s", "2500ms"} {
		t.Run(without+" without files", func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c, said := start(t, dir, "HOLDFAST_JOURNAL_LIMIT=200000", "HOLDFAST_JOURNAL_WITHOUT_FILES="+without)
			var acked []string
			full := 0 // how many were acknowledged before the disk was full
			for said.Scan() {
				if strings.HasPrefix(said.Text(), "refused: ") {
					t.Log(said.Text())
					full = len(acked)
					continue
				}
				acked = append(acked, said.Text())
				if full > 0 && len(acked) == full+100 {
					if err := c.Process.Signal(syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := c.Wait(); err == nil || full == 0 {
				t.Fatalf("it was never refused, or ended by itself: %v", err)
			}
			checkKept(t, dir, acked)
		})
	}
}

// A directory that is removed under a living journal is made again, and no
// entry is acknowledged that went where nobody finds it.
func TestARemovedDirectoryIsMadeAgain(t *testing.T) {
	dir := t.TempDir() + "/journal"
	j := open(t, dir)
	archive(t, j, "gone", 2)
	last := live(t, j, "a", 3)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), entry("a", 4), last); !errors.Is(err, errLost) {
		t.Errorf("an entry into the removed directory gave %v", err)
	}
	last = mustAppend(t, j, over("a", 5), untilAppended(t, j, entry("a", 4), last))
	if err := j.Archive(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	b := live(t, j, "b", 1)
	if b <= last {
		t.Errorf("entry %d came after entry %d", b, last)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	if got, want := steps(j.Live(t.Context())), fmt.Sprintf("%d:b/1", b); got != want {
		t.Errorf("after a restart: %s, want %s", got, want)
	}
	if got := history(t, j, "a"); !strings.HasSuffix(got, "a/4 "+fmt.Sprint(last)+":a/5") {
		t.Errorf("history: %s", got)
	}
}

// untilAppended appends as a desk does, again and again.
func untilAppended(t *testing.T, j *Journal, e switchboard.Entry, after uint64) uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		seq, err := j.Append(ctx, e, after)
		if err == nil {
			return seq
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
