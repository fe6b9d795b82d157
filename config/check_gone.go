package config

import "time"

// gone checks after how long phones that are gone are noticed.
func (c *checker) gone(d *document, sip *SIP) {
	orNever := func(path string, t text, least, most time.Duration, bounds string) time.Duration {
		length, ok := c.parseDuration(path, t)
		if ok && length != 0 && (length < least || length > most || length%time.Second != 0) {
			c.wrong(path, `%s is out of range; it must be whole seconds, %s, or "0s" for never`, t, bounds)
		}
		return length
	}
	sip.SessionExpires = orNever("sip.session_expires", d.SIP.SessionExpires, 90*time.Second, 24*time.Hour, "at least 90s (RFC 4028) and at most 24h")
	sip.AskAfter = orNever("sip.ask_after", d.SIP.AskAfter, 5*time.Second, time.Hour, "at least 5s and at most 1h")
}
