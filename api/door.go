package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"holdfast/hostcheck"
)

// onlyHere refuses requests that were meant for another name: a web page whose
// name has been made to point at this machine (DNS rebinding).
func onlyHere(names hostcheck.Names, next http.Handler) http.Handler {
	refuse := turnAway(http.StatusForbidden, hostcheck.Refused)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !names.Allow(r) {
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// stranger marks the context of a request without a key to a server that has
// keys.
type stranger struct{}

func isStranger(ctx context.Context) bool { return ctx.Value(stranger{}) != nil }

// keyed passes requests on that show one of the keys (RFC 6750), and notes that they
// do. The health check needs no key.
func keyed(keys []string, recognised func(*http.Request), next http.Handler) http.Handler {
	unnoted := next
	next = noted(recognised, next)
	if len(keys) == 0 {
		return next
	}
	var hashes [][sha256.Size]byte
	for _, k := range keys {
		hashes = append(hashes, sha256.Sum256([]byte(k)))
	}
	refuse := turnAway(http.StatusUnauthorized, `show a key of the server's configuration, as "Authorization: Bearer KEY"`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown, isBearer := bearer(r)
		switch {
		case isBearer && isOneOf(hashes, shown):
			next.ServeHTTP(w, r)
		case r.URL.Path == healthPath:
			unnoted.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), stranger{}, true)))
		case isBearer:
			w.Header().Set("WWW-Authenticate", `Bearer realm="holdfast", error="invalid_token"`)
			refuse.ServeHTTP(w, r)
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="holdfast"`)
			refuse.ServeHTTP(w, r)
		}
	})
}

func noted(recognised func(*http.Request), next http.Handler) http.Handler {
	if recognised == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recognised(r)
		next.ServeHTTP(w, r)
	})
}

func bearer(r *http.Request) (key string, ok bool) {
	scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(key), ok && strings.EqualFold(scheme, "Bearer")
}

// isOneOf takes the same time whichever key is shown, and however wrong it is.
func isOneOf(hashes [][sha256.Size]byte, shown string) bool {
	hash, found := sha256.Sum256([]byte(shown)), 0
	for i := range hashes {
		found |= subtle.ConstantTimeCompare(hash[:], hashes[i][:])
	}
	return found == 1
}

// known answers requests without a route with a problem, too.
func known(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refused, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		said := answered{ResponseWriter: w, status: http.StatusNotFound}
		refused.ServeHTTP(&said, r) // its Allow header lists the methods
		detail := "nothing is at " + r.URL.Path
		if said.status == http.StatusMethodNotAllowed {
			detail = r.URL.Path + " does not take " + r.Method
		}
		turnAway(said.status, detail).ServeHTTP(w, r)
	})
}

// answered is an answer of which only the header is sent, later.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) { a.status = status }

func (a *answered) Write(b []byte) (int, error) { return len(b), nil }
