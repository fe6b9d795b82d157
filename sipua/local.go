package sipua

import (
	"net/netip"
	"time"
)

// Local is our side of every dialog.
type Local struct {
	Address   netip.AddrPort // where we listen: Via sent-by and Contact
	Transport Transport      // of requests to the proxy, and to addresses that name none
	// Transports lists the transports we listen on besides UDP and Transport.
	// Requests too long for UDP use TCP if it is there (RFC 3261 §18.1.1).
	Transports []Transport
	Proxy      netip.AddrPort // outbound proxy; the zero value: none
	UserAgent  string

	// SessionExpires is the session interval that we propose (RFC 4028), in whole
	// seconds; 0: none is proposed, but one that the peer wants is kept. The peer may
	// want none below 90 s, or below SessionExpires if that is less.
	SessionExpires time.Duration
	// T1 is the longest time of a message there and back (RFC 3261 §17.1.1.1); 0: 500
	// ms. Whatever gets no answer is given up after 64*T1; T4 is 10*T1.
	T1 time.Duration

	// Credentials answer challenges, the first that fits.
	Credentials []Credentials
}

func (l Local) pace() pace {
	if l.T1 == 0 {
		return pace(t1)
	}
	return pace(l.T1)
}
