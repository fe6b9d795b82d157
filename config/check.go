package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"holdfast/call"
	"holdfast/sipua"
)

// A checker makes a Config of a document and notes every mistake with its
// place in the file.
type checker struct {
	file     string
	places   places
	slips    map[string]bool // tables that have an unknown key
	mistakes Mistakes
}

// wrong notes a mistake at path, or, when path is not in the file, at the
// nearest table around it that is. It does not report a missing key in a table
// that has an unknown one, which is probably that key misspelt.
func (c *checker) wrong(path, format string, args ...any) {
	m := Mistake{File: c.file, Text: fmt.Sprintf(format, args...)}
	for at := path; at != ""; at = at[:max(0, strings.LastIndexAny(at, ".["))] {
		if m.Line, m.Column = c.places.at(at); m.Line > 0 {
			if c.slips[at] {
				return
			}
			break
		}
	}
	c.mistakes = append(c.mistakes, m)
}

func (c *checker) config(d *document) Config {
	config := Config{
		SIP:     SIP{Listen: c.listen("sip.listen", d.SIP.Listen)},
		Journal: Journal{Dir: string(d.Journal.Dir)},
		HTTP:    c.http(d),
		API:     API{Listen: c.listen("api.listen", d.API.Listen)},
		Rules:   c.rules(d),
	}
	if d.SIP.TCP {
		config.SIP.Transports = []sipua.Transport{sipua.TCP}
	}
	config.SIP.Proxy = c.hop("sip.proxy", d.SIP.Proxy, config.SIP)
	c.phones(d, &config.SIP)
	c.gone(d, &config.SIP)
	config.Media = c.media(d, config.SIP.Listen.Addr())
	config.Audios = c.audios(d)
	if d.Journal.Dir == "" {
		c.wrong("journal.dir", `dir needs a directory, such as "holdfast-data"`)
	}
	config.Keys = c.keys(d)
	if at := config.API.Listen; at.IsValid() && !at.Addr().IsLoopback() && len(d.Keys) == 0 {
		c.wrong("api.listen", "without a [[key]] that programs must show, the interface may only listen on this machine; add one, or use \"127.0.0.1:%d\"", at.Port())
	}
	config.Panel = c.panel(d, config.Media.Address, config.HTTP)
	c.trunks(d, &config)
	c.allow(d, &config.Allow)
	c.people(d, &config)
	if d.Rules.Fallback != "" {
		config.Rules.Fallback = QueueEndpoint(c.queue("rules.fallback", d.Rules.Fallback, &config))
	}
	return config
}

func (c *checker) media(d *document, sip netip.Addr) Media {
	m := Media{
		Address:   sip,
		FirstPort: c.port("media.first_port", d.Media.FirstPort),
		LastPort:  c.port("media.last_port", d.Media.LastPort),
		RecordDir: string(d.Media.RecordDir),
		RecordAll: d.Media.RecordAll,
	}
	if d.Media.Address != "" {
		m.Address = c.own("media.address", c.addr("media.address", d.Media.Address))
	}
	switch {
	case (m.FirstPort == 0) != (m.LastPort == 0):
		c.wrong("media", "first_port and last_port belong together: give both, or neither for any free port")
	case m.LastPort != 0 && int(m.LastPort) < int(m.FirstPort)+1:
		c.wrong("media.last_port", "last_port must be greater than first_port, which is %d", m.FirstPort)
	}
	return m
}

// listen is one of our addresses, to which others can answer.
func (c *checker) listen(path string, t text) netip.AddrPort {
	if t == "" {
		c.wrong(path, `listen needs an address and a port, such as "127.0.0.1:5060"`)
		return netip.AddrPort{}
	}
	at := c.addrPort(path, t)
	c.own(path, at.Addr())
	return at
}

func (c *checker) own(path string, a netip.Addr) netip.Addr {
	if a.IsValid() && a.IsUnspecified() {
		c.wrong(path, "phones cannot answer to %s; give the address at which they reach this machine", a)
	}
	return a
}

// addrPort is an address with a port, or the zero value for an empty text.
func (c *checker) addrPort(path string, t text) netip.AddrPort {
	if t == "" {
		return netip.AddrPort{}
	}
	at, err := netip.ParseAddrPort(string(t))
	if err != nil {
		c.wrong(path, `%q is not an IP address with a port; write it like "192.0.2.7:5060"`, t)
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// hop is an address with a port, and the transport to use.
func (c *checker) hop(path string, t text, sip SIP) sipua.Hop {
	at, params, found := strings.Cut(string(t), ";")
	transport, ok := transportParam(params)
	if found && !ok {
		c.wrong(path, `%q: the only parameter it may have is transport=udp or transport=tcp`, t)
	}
	c.transport(path, string(t), transport, sip)
	return sipua.Hop{AddrPort: c.addrPort(path, text(at)), Transport: transport}
}

// transport checks that the address is reached over a transport we have.
func (c *checker) transport(path, written string, t sipua.Transport, sip SIP) {
	if !sip.Carries(t) {
		c.wrong(path, "%q is reached over TCP; set tcp = true in [sip], or leave the transport out", written)
	}
}

func (c *checker) addr(path string, t text) netip.Addr {
	a, err := netip.ParseAddr(string(t))
	if err != nil {
		c.wrong(path, `%q is not an IP address; write it like "192.0.2.7", without a port`, t)
	}
	return a.Unmap()
}

func (c *checker) port(path string, t text) uint16 {
	n, err := strconv.ParseUint(string(t), 10, 16)
	if err != nil {
		c.wrong(path, "%q is not a port; give a number from 0 to 65535", t)
	}
	return uint16(n)
}

// longest is as long as anything may ring; more is a slip of the pen.
const longest = time.Hour

func (c *checker) duration(path string, t text) call.Duration {
	d, ok := c.parseDuration(path, t)
	if ok && (d <= 0 || d > longest) {
		c.wrong(path, "%s is out of range; it must be more than 0 and at most %s", d, "1h")
	}
	return call.Duration(d)
}

func (c *checker) parseDuration(path string, t text) (d time.Duration, ok bool) {
	d, err := time.ParseDuration(string(t))
	if err != nil {
		c.wrong(path, `%q is not a duration; write it with its unit, such as "20s" or "1m30s"`, t)
	}
	return d, err == nil
}

// network is an IP address or a network of them.
func network(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err == nil && !p.Addr().Is4In6()
}
