package sipleg

import (
	"log/slog"
	"time"

	"holdfast/sipua"
)

// LogWrongPasswords returns a function that logs wrong passwords: of each kind of line, at
// most one a second.
func LogWrongPasswords(log *slog.Logger) func(sipua.WrongPassword) {
	var limits [2][2]seldom
	return func(w sipua.WrongPassword) {
		text, kind := "a phone gave a wrong password", 0
		if !w.Known {
			text, kind = "a phone uses a user that no agent has", 1
		}
		limit := &limits[kind][0]
		if w.Last {
			text += "; it gets no response about that user for a minute"
			limit = &limits[kind][1]
		}
		if missed, is := limit.due(time.Now()); is {
			log.Warn(text, "user", w.User, "from", w.From, "unmentioned", missed)
		}
	}
}
