package e2e

import (
	"context"
	"log/slog"
	"testing"

	"holdfast/journal"
)

// verify makes sure that what a server has left in its journal is true: every
// entry follows from the one before it.
func verify(t *testing.T, dir string) {
	t.Helper()
	j, err := journal.Open(context.Background(), journal.Options{
		Dir: dir, Owner: "verify", ReadOnly: true, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Errorf("looking into the journal: %v", err)
		return
	}
	report, err := j.Verify(context.Background())
	if err != nil {
		t.Errorf("verifying the journal: %v", err)
	}
	for _, mistake := range report.Mistakes {
		t.Error(mistake)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}
