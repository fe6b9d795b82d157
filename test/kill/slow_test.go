package kill

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast"
	"holdfast/client"
	"holdfast/softphone"
	"holdfast/switchboard"
)

// slowName is a file in a server's directory: while it is there, the disk of a
// server that starts is slow.
const slowName = "slow"

// slowTakes is how long a slow disk takes for one write.
const slowTakes = 2 * time.Second

// A slowJournal takes its time for each write, one after the other. A write that
// nobody waits for any more lands all the same.
type slowJournal struct {
	holdfast.Journal
	disk *sync.Mutex
}

// slowDisk is the journal on a slow disk, if the directory says so.
func slowDisk(j holdfast.Journal, dir string) holdfast.Journal {
	if _, err := os.Stat(filepath.Join(dir, slowName)); errors.Is(err, fs.ErrNotExist) {
		return j
	}
	return slowJournal{j, &sync.Mutex{}}
}

type landed struct {
	seq uint64
	err error
}

func (j slowJournal) slowly(ctx context.Context, write func() (uint64, error)) (uint64, error) {
	done := make(chan landed, 1)
	go func() { // ends with the write
		j.disk.Lock()
		defer j.disk.Unlock()
		<-time.After(slowTakes)
		seq, err := write()
		done <- landed{seq, err}
	}()
	select {
	case l := <-done:
		return l.seq, l.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (j slowJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	return j.slowly(ctx, func() (uint64, error) { return j.Journal.Append(context.WithoutCancel(ctx), e, after) })
}

func (j slowJournal) Put(ctx context.Context, kind, name string, data []byte, after uint64) (uint64, error) {
	return j.slowly(ctx, func() (uint64, error) {
		return j.Journal.Put(context.WithoutCancel(ctx), kind, name, data, after)
	})
}

// TestSlowDisk: on a disk that takes 2 s for a write, a restart and a hand-over
// cost seconds, and the customer hears nothing of it.
func TestSlowDisk(t *testing.T) {
	needTime(t)
	t.Parallel()
	_, err := at(t, plot{patience: 2 * time.Minute}, func(c *cell) {
		c.Phone("cardiology").Answering(softphone.Behaviour{})
		c.restartsOnSlowDisk()
		if _, err := c.Client.Transfer(c.Soon(), c.Contact, client.TransferRequest{Target: "cardiology"}); err != nil {
			c.t.Fatalf("%v", err)
		}
		c.Rung("cardiology")
		c.Hears(c.name, "cardiology")
		if took := time.Since(c.Heard("cardiology").Began()); took > slowTakes {
			c.t.Errorf("the customer heard cardiology %s after the answer", took)
		}
		c.released()
		c.goodbye()
		c.isOver()
	})
	if err != nil {
		t.Error(err)
	}
	_, err = at(t, plot{patience: time.Minute, fault: "takes its directory for a cluster"}, (*cell).restartsOnSlowDisk)
	if err == nil || !strings.Contains(err.Error(), "the customer had no audio for") {
		t.Errorf("audio that waits for the disk was not noticed: %v", err)
	}
}

// restartsOnSlowDisk: the server is killed while the customer talks to ana, and the
// disk is slow when it starts again.
func (c *cell) restartsOnSlowDisk() {
	c.t.Helper()
	began := time.Now()
	c.talk()
	if err := os.WriteFile(filepath.Join(c.server.dir, slowName), nil, 0o600); err != nil {
		c.t.Fatalf("%v", err)
	}
	if err := c.server.kill(); err != nil {
		c.t.Fatalf("%v", err)
	}
	c.with("ana") // a silence is measured when it is over
	gap, back := c.silence()
	if most := hiccup + machine.Stood(began); gap > most {
		c.t.Fatalf("the customer had no audio for %s, want at most %s", gap, most)
	}
	fmt.Printf("slow disk: ms of the customer's longest silence: %d; from SIGKILL to the next audio: %d\n", gap.Milliseconds(), back.Milliseconds())
}
