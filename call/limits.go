package call

import (
	"strconv"
	"strings"
)

// Limits on the transfers of a contact: each stays in it for as long as it lives.
const (
	targetsMost   = 20  // of one transfer
	transfersMost = 50  // of a contact
	attemptsMost  = 200 // of all its transfers
	detailMost    = 200 // bytes of the far end's words about an attempt
)

// mayTry refuses a transfer to so many targets if it or the contact would have too
// many.
func (s *step) mayTry(targets int) error {
	transfers, attempts := len(s.Past), 0
	for i := range s.Past {
		attempts += len(s.Past[i].Attempts)
	}
	if s.Transfer != nil {
		transfers, attempts = transfers+1, attempts+len(s.Transfer.Attempts)
	}
	switch {
	case targets > targetsMost:
		return refuse(TooManyTargets, "no more than "+strconv.Itoa(targetsMost)+" targets can be tried")
	case transfers >= transfersMost:
		return refuse(TooManyTransfers, "there have been "+strconv.Itoa(transfers)+" transfers of this customer, and there can be no more")
	case attempts+targets > attemptsMost:
		return refuse(TooManyAttempts, strconv.Itoa(attempts)+" targets have been tried for this customer, and no more than "+strconv.Itoa(attemptsMost)+" can be")
	}
	return nil
}

// short is a detail without its end if it is too long.
func short(detail string) string {
	if len(detail) <= detailMost {
		return detail
	}
	return strings.ToValidUTF8(detail[:detailMost], "") + "…"
}
