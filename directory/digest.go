package directory

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"holdfast/config"
	"holdfast/switchboard"
)

// challengeKind is the kind of the key that chooses challenges, and challengeName its name.
const (
	challengeKind = "challenge"
	challengeName = "key"
)

// Digest returns the algorithms that the phone of a user, or of an agent by name, may prove
// its password with. For any other user it returns those of one of the agents, always the
// same one: a stranger who collects challenges does not learn from them which users are
// agents.
func (d *Directory) Digest(user string) []string {
	var all [][]string
	for _, a := range d.conf.Agents {
		switch {
		case a.User == "":
		case strings.EqualFold(a.User, user), strings.EqualFold(a.Name, user):
			return d.algorithms(a)
		default:
			all = append(all, d.algorithms(a))
		}
	}
	if len(all) == 0 {
		return d.conf.SIP.Digest
	}
	mac := hmac.New(sha256.New, d.challengeKey)
	mac.Write([]byte(strings.ToLower(user)))
	return all[binary.BigEndian.Uint64(mac.Sum(nil))%uint64(len(all))]
}

func (d *Directory) algorithms(a config.Agent) []string {
	if a.Digest != nil {
		return a.Digest
	}
	return d.conf.SIP.Digest
}

// keepChallengeKey reads the key with which Digest chooses, and makes it if it is missing.
// It lasts: otherwise a restart would change the challenges of unknown users only. Where all
// agents have the same challenges, no key is needed.
func (d *Directory) keepChallengeKey(ctx context.Context, store switchboard.Store) error {
	if !slices.ContainsFunc(d.conf.Agents, func(a config.Agent) bool { return a.Digest != nil }) {
		return nil
	}
	for range 2 { // the second time it is there
		kept, err := store.All(ctx, challengeKind)
		if err != nil {
			return fmt.Errorf("reading the key that chooses challenges: %w", err)
		}
		if len(kept) > 0 {
			d.challengeKey = kept[0].Data
			return nil
		}
		_, err = store.Put(ctx, challengeKind, challengeName, []byte(rand.Text()), 0)
		if err != nil && !errors.Is(err, switchboard.ErrFenced) {
			return fmt.Errorf("keeping the key that chooses challenges: %w", err)
		}
	}
	return errors.New("the key that chooses challenges was not kept")
}
