// Package siptransport sends and receives SIP messages over UDP and TCP. It
// never interprets a message beyond its framing, and never retransmits one over
// UDP: that is package sipua's part.
package siptransport
