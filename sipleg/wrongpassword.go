package sipleg

import (
	"log/slog"
	"time"

	"holdfast/sipua"
)

// LogWrongPasswords returns a function that logs wrong passwords: at most one line a second
// about agents' phones, and one about users that no agent has.
func LogWrongPasswords(log *slog.Logger) func(sipua.WrongPassword) {
	agents, others := new(seldom), new(seldom)
	return func(w sipua.WrongPassword) {
		limit, text := agents, "a phone gave a wrong password"
		if !w.Known {
			limit, text = others, "a phone uses a user that no agent has"
		}
		if w.Last {
			text += "; it gets no response about that user for a minute"
		}
		if missed, is := limit.due(time.Now()); is {
			log.Warn(text, "user", w.User, "from", w.From, "unmentioned", missed)
		}
	}
}
