package browser

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// logBinding is the function by which our CRM logs.
const logBinding = "holdfastLog"

// A Logged is a line in our CRM's log: an event of the library, such as
// "contact::ended", or "asked", "granted" or "refused" for one of our calls.
type Logged struct {
	At     time.Time
	Event  string
	Detail json.RawMessage
}

// String is the entry on one line.
func (l Logged) String() string { return l.Event + " " + string(l.Detail) }

// log takes an entry.
func (tab *Tab) log(payload string) error {
	l := Logged{At: time.Now()}
	if err := json.Unmarshal([]byte(payload), &l); err != nil {
		return fmt.Errorf("the CRM logs %s: %w", payload, err)
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.logged = append(tab.logged, l)
	close(tab.more)
	tab.more = make(chan struct{})
	return nil
}

// Logged is the CRM's log, over all its loads.
func (tab *Tab) Logged() []Logged {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.Clone(tab.logged)
}

// AwaitLogged waits until the CRM has logged something, such as
// "granted destroy", and returns the first such entry.
func (tab *Tab) AwaitLogged(what string, is func(Logged) bool) Logged {
	tab.browser.t.Helper()
	ctx, cancel := tab.soon()
	defer cancel()
	for {
		tab.mu.Lock()
		logged, more := tab.logged, tab.more
		tab.mu.Unlock()
		if i := slices.IndexFunc(logged, is); i >= 0 {
			return logged[i]
		}
		select {
		case <-more:
		case <-ctx.Done():
			tab.browser.t.Fatalf("the CRM never logs %s; it has logged %v", what, logged)
		}
	}
}
