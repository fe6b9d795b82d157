package sipleg

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/sipua"
)

const (
	// refusedFor is how long an INVITE that was turned away may be sent again, at
	// least (64*T1, RFC 3261 §17.1.1.2).
	refusedFor = 32 * time.Second
	// refusedMost is how many are remembered in that time.
	refusedMost = 1 << 18
)

// Refused are the INVITEs that were turned away with 503 a while ago. One that is sent
// again must not begin a contact: its caller may have read the 503 already, and would
// neither acknowledge a 200 nor end the call it begins. Of each only a hash is kept.
type refused struct {
	seed maphash.Seed

	mu           sync.Mutex
	since        time.Time // of now
	now, earlier map[uint64]struct{}
}

func newRefused() *refused { return &refused{seed: maphash.MakeSeed()} }

// add remembers an INVITE.
func (f *refused) add(now time.Time, r *sip.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil || now.Sub(f.since) >= refusedFor || len(f.now) >= refusedMost {
		f.earlier, f.now, f.since = f.now, map[uint64]struct{}{}, now
	}
	f.now[f.hash(r)] = struct{}{}
}

// has reports whether an INVITE was turned away.
func (f *refused) has(now time.Time, r *sip.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.since) >= 2*refusedFor {
		f.now, f.earlier = nil, nil
	}
	if len(f.now)+len(f.earlier) == 0 {
		return false
	}
	h := f.hash(r)
	if _, is := f.now[h]; is {
		return true
	}
	_, is := f.earlier[h]
	return is
}

// hash is of the parts that are the same in each copy of an INVITE: its transaction
// and its Call-ID.
func (f *refused) hash(r *sip.Request) uint64 {
	return maphash.String(f.seed, sipua.TransactionOf(r)+" "+r.CallID().Value())
}
