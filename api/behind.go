package api

import (
	"net/http"
	"path"
	"slices"
)

// work are the last parts of the paths of requests that are turned away while the
// journal is behind: those for which switchboard.IsWork is true.
var work = []string{"transfers", "hold", "mute", "digits", "record", "swap", "conference"}

// behind is the answer to a request for work then.
const behind = "the journal has more to write than it can in time, so nothing was done; try again"

// unlessBehind answers requests for work with 503 while admits returns an error: before
// they are read, so that many of them cost little.
func unlessBehind(admits func() error, next http.Handler) http.Handler {
	refuse := turnAway(http.StatusServiceUnavailable, behind)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && slices.Contains(work, path.Base(r.URL.Path)) && admits() != nil {
			w.Header().Set("Retry-After", "1")
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
