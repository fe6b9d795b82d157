package kill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"holdfast/journal"
	"holdfast/switchboard"
)

// A trouble is what goes wrong with a server's journal on command.
type trouble struct {
	lands   atomic.Int32 // so many entries will be written, and said not to be
	refuses atomic.Int32 // so many will not be written
}

// obey carries out a command.
func (t *trouble) obey(command string) error {
	switch command {
	case "fill the disk":
		return limitFiles(1)
	case "empty the disk":
		return limitFiles(0)
	case "time out":
		t.lands.Store(1)
	case "refuse":
		t.refuses.Store(3)
	case "be nobody":
		return errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody))
	case "die":
		die()
	default:
		return fmt.Errorf("there is no command %q", command)
	}
	return nil
}

// limitFiles makes each file that shall grow beyond most bytes as bad as a full
// disk; 0: no limit.
func limitFiles(most uint64) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		return err
	}
	if l.Cur = l.Max; most > 0 {
		l.Cur = most
	}
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l)
}

// wrap is the journal with the trouble, or that of a cluster if there is one.
func (t *trouble) wrap(j switchboard.Journal) switchboard.Journal {
	if url := os.Getenv(journalEnv); url != "" {
		cluster, err := journal.Open(context.Background(), journal.Options{URL: url, Owner: "kill"})
		if err != nil {
			panic(err)
		}
		j = cluster
	}
	return troubledJournal{j, t}
}

type troubledJournal struct {
	switchboard.Journal
	*trouble
}

func (j troubledJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	if j.refuses.Load() > 0 && j.refuses.Add(-1) >= 0 {
		return 0, errors.New("wrong last sequence (10164)")
	}
	seq, err := j.Journal.Append(ctx, e, after)
	if err == nil && j.lands.Load() > 0 && j.lands.Add(-1) >= 0 {
		return 0, context.DeadlineExceeded
	}
	return seq, err
}
