package api

import (
	"context"
	"strconv"
	"strings"
	"time"

	"holdfast/call"
)

const (
	// longestWait is how long an answer is put off at most.
	longestWait = 120 * time.Second
	// lookAgain is how often a transfer that is waited for is looked at. The
	// board has it in memory, so that is cheap.
	lookAgain = 50 * time.Millisecond
)

// waitOf is the wait preference of a request (RFC 7240). Other preferences, and
// one that makes no sense, are ignored, as the RFC has it.
func waitOf(prefer string) (wait time.Duration, ok bool) {
	for preference := range strings.SplitSeq(prefer, ",") {
		preference, _, _ = strings.Cut(preference, ";")
		name, value, _ := strings.Cut(preference, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "wait") {
			continue
		}
		seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
		return min(time.Duration(seconds)*time.Second, longestWait), err == nil
	}
	return 0, false
}

// settled puts the answer about a transfer off until it is decided or its
// target is being consulted, for as long as the request prefers.
func (s *server) settled(ctx context.Context, in *transferRequest, status int, t *call.Transfer) *transferAnswer {
	wait, ok := waitOf(in.Prefer)
	if !ok {
		return answer(status, in.ID, t)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	now := s.await(ctx, in.ID, *t)
	told := answer(status, in.ID, &now)
	told.Applied = "wait"
	return told
}

// await is the transfer when it is settled, or as it is known when ctx ends.
func (s *server) await(ctx context.Context, id call.ContactID, t call.Transfer) call.Transfer {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for t.Outcome == "" {
		c, err := s.find(ctx, id)
		if now := withID(c, t.ID); err == nil && now != nil {
			t = *now
		}
		if t.Outcome != "" || c.Stage == call.Consulting {
			return t
		}
		select {
		case <-ctx.Done():
			return t
		case <-tick.C:
		}
	}
	return t
}
