package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"holdfast/password"
)

// panel checks where the agents' page is; media is where other audio is.
func (c *checker) panel(d *document, media netip.Addr, h HTTP) Panel {
	p := Panel{Listen: c.addrPort("panel.listen", d.Panel.Listen), Media: netip.AddrPortFrom(media, 0), MediaTCP: d.Panel.MediaTCP, MaskInternal: d.Panel.Mask}
	if p.Listen.IsValid() && !p.Listen.Addr().IsLoopback() && !h.TLS() {
		c.wrong("panel.listen", "without a certificate in [http] the page may only listen on this machine; name one there, or use \"127.0.0.1:%d\", with a proxy in front of it that speaks TLS", p.Listen.Port())
	}
	if p.MaskInternal && !p.Listen.IsValid() && d.Panel.Listen == "" {
		c.wrong("panel.mask_internal", `the page that shows third parties is off; set listen = "127.0.0.1:8090"`)
	}
	c.sessions(d, &p)
	if d.Panel.Media != "" {
		p.Media = c.addrPort("panel.media", d.Panel.Media)
		c.own("panel.media", p.Media.Addr())
	}
	for i, o := range d.Panel.Origins {
		path := fmt.Sprintf("panel.origins[%d]", i)
		origin, ok := origin(string(o))
		if !ok {
			c.wrong(path, `%q is not the origin of a page; write its scheme, host and port, such as "https://crm.example.com"`, o)
		}
		p.Origins = append(p.Origins, origin)
	}
	for i, n := range d.Panel.NotReady {
		path := fmt.Sprintf("panel.not_ready[%d]", i)
		switch {
		case !isReason(string(n)):
			c.wrong(path, "%q cannot be chosen; use 1 to 32 printable letters, without blanks around them", n)
		case slices.ContainsFunc(reservedReasons, func(r string) bool { return strings.EqualFold(r, string(n)) }):
			c.wrong(path, "%q has a meaning of its own; use another word", n)
		case slices.ContainsFunc(p.NotReady, func(o string) bool { return strings.EqualFold(o, string(n)) }):
			c.wrong(path, "there is another %q; remove one of them", n)
		}
		p.NotReady = append(p.NotReady, string(n))
	}
	return p
}

// The least and most that a login may last.
const (
	shortestSession = time.Minute
	longestSession  = 30 * 24 * time.Hour
)

// sessions checks how long logins last.
func (c *checker) sessions(d *document, p *Panel) {
	within := func(path string, t text) time.Duration {
		length, ok := c.parseDuration(path, t)
		if ok && (length < shortestSession || length > longestSession) {
			c.wrong(path, "%s is out of range; it must be at least 1m and at most 720h", t)
		}
		return length
	}
	p.SessionFor = within("panel.session_for", d.Panel.SessionFor)
	p.IdleFor = within("panel.idle_for", d.Panel.IdleFor)
}

// reservedReasons are states of agents, or reasons that the server sets, so
// they cannot be reasons in the configuration.
var reservedReasons = []string{"available", "offline", "missed", "busy", "AfterCallWork"}

func isReason(s string) bool {
	return s != "" && len(s) <= 32 && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// origin is the origin of a web page as browsers write it: in lower case and
// without the port that its scheme implies.
func origin(written string) (string, bool) {
	u, err := url.Parse(strings.ToLower(written))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Scheme+"://"+u.Host != strings.ToLower(written) {
		return "", false
	}
	_, isIP := netip.ParseAddr(strings.Trim(u.Hostname(), "[]"))
	if isIP != nil && u.Hostname() != "localhost" && !isHostName(u.Hostname()) {
		return "", false
	}
	host := u.Host
	switch {
	case u.Scheme == "https":
		host = strings.TrimSuffix(host, ":443")
	case u.Scheme == "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host, !strings.HasSuffix(host, ":")
}

// login is the hash by which an agent logs in to the page.
func (c *checker) login(path string, written, file text) password.Hash {
	if written == "" && file == "" {
		return password.Hash{}
	}
	before := len(c.mistakes)
	secret := c.secret(path, "login", written, file)
	if len(c.mistakes) > before {
		return password.Hash{}
	}
	hash, err := password.Parse(string(secret))
	if err != nil {
		key := path + ".login"
		if file != "" {
			key += "_file"
		}
		c.wrong(key, "%s; `holdfast password` makes one", err)
	}
	return hash
}
