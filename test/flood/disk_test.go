package flood

import (
	"context"
	"sync"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/journal"
	"holdfast/switchboard"
)

// writeFor is how long the disk of these tests takes for each write: as long as a good
// one, whatever else happens on this machine.
const writeFor = time.Millisecond

// A slowJournal writes to a disk that syncs one write after the other.
type slowJournal struct {
	holdfast.Journal
	disk sync.Mutex // held for each sync
}

func openSlow(ctx context.Context, o holdfast.Options) (holdfast.Journal, error) {
	j, err := journal.Open(ctx, journal.Options{Dir: o.Config.Journal.Dir, Owner: "one", Log: o.Log})
	if err != nil {
		return nil, err
	}
	return &slowJournal{Journal: j}, nil
}

func (j *slowJournal) sync() {
	j.disk.Lock()
	defer j.disk.Unlock()
	<-time.After(writeFor)
}

// Append implements switchboard.Journal.
func (j *slowJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	j.sync()
	return j.Journal.Append(ctx, e, after)
}

// Put implements switchboard.Store.
func (j *slowJournal) Put(ctx context.Context, kind, name string, data []byte, after uint64) (uint64, error) {
	j.sync()
	return j.Journal.Put(ctx, kind, name, data, after)
}

// Archive implements switchboard.Journal.
func (j *slowJournal) Archive(ctx context.Context, id call.ContactID) error {
	j.sync()
	return j.Journal.Archive(ctx, id)
}
