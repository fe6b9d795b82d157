package sipua

import (
	"net/netip"
	"time"
)

// Local is our side of every dialog.
type Local struct {
	Address   netip.AddrPort // where we listen: Via sent-by and Contact
	Transport Transport      // of requests to the proxy, and to addresses that name none
	// Transports lists what we listen on besides UDP and Transport. Requests
	// too long for UDP use TCP if it is there (RFC 3261 §18.1.1).
	Transports []Transport
	Proxy      netip.AddrPort // outbound proxy; the zero value: none
	UserAgent  string

	// SessionExpires is the session interval that we propose (RFC 4028), in whole
	// seconds; 0: none is proposed, but one that the peer wants is kept. The peer may
	// want none below 90 s, or below SessionExpires if that is less.
	SessionExpires time.Duration
	// TimerF is how long a request other than INVITE may go without an answer (RFC 3261
	// §17.1.2.2); 0: 32 s.
	TimerF time.Duration

	// Credentials are what we answer challenges with, the first that fits.
	Credentials []Credentials
}

// timerF is TimerF, or what RFC 3261 has for it.
func (l Local) timerF() time.Duration {
	if l.TimerF == 0 {
		return timeoutB
	}
	return l.TimerF
}
