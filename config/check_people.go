package config

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	"holdfast/sipua"
)

func (c *checker) allow(d *document, allow *Allow) {
	for i, n := range d.Allow.Numbers {
		if digits, plus := strings.CutPrefix(string(n), "+"); !plus || digits == "" || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
			c.wrong(fmt.Sprintf("allow.numbers[%d]", i), `%q is not the beginning of a phone number; write it like "+49"`, n)
		}
		allow.Numbers = append(allow.Numbers, string(n))
	}
	for i, h := range d.Allow.Hosts {
		if n, ok := network(string(h)); ok {
			allow.Networks = append(allow.Networks, n)
			continue
		}
		if !isHostName(string(h)) {
			c.wrong(fmt.Sprintf("allow.hosts[%d]", i), `%q is neither an IP address, nor a network, nor a host name`, h)
		}
		allow.Names = append(allow.Names, strings.ToLower(string(h)))
	}
}

// people checks agents, routes and endpoints, which name each other.
func (c *checker) people(d *document, config *Config) {
	seen := map[string]bool{}
	for i, a := range d.Agents {
		path := fmt.Sprintf("agent[%d]", i)
		c.name(path, a.Name, seen)
		agent := Agent{Name: string(a.Name), Address: string(a.Address), Capacity: c.capacity(path, a.Capacity)}
		agent.AfterCall, agent.NoAfterCall = c.afterCall(path, a.AfterCall)
		agent.Login = c.login(path, a.Login, a.LoginFile)
		if !agent.Login.IsZero() && !config.Panel.Listen.IsValid() {
			c.wrong(path+".login", `the page to log in to is off; set listen = "127.0.0.1:8090" in [panel]`)
		}
		if given := a.Password != "" || a.PasswordFile != ""; given || a.User != "" {
			agent.User = cmp.Or(string(a.User), string(a.Name))
			agent.Password = c.secret(path, "password", a.Password, a.PasswordFile)
			agent.Digest = c.digest(path, a.Digest)
			c.registers(path, agent, given, config)
		} else if a.Digest != "" {
			c.wrong(path+".digest", "only a phone that registers proves a password; give user and password, or remove digest")
		} else if a.Address != "" || a.Login == "" && a.LoginFile == "" {
			c.address(path, string(a.Address), config)
		}
		config.Agents = append(config.Agents, agent)
	}
	c.queues(d, config, seen)
	for i, e := range d.Endpoints {
		path := fmt.Sprintf("endpoint[%d]", i)
		c.name(path, e.Name, seen)
		written, isNumber := sipua.ParseNumber(string(e.Address))
		if !isNumber {
			written = string(e.Address)
			c.address(path, written, config)
		}
		config.Endpoints = append(config.Endpoints, Endpoint{string(e.Name), written})
	}
	c.routes(d, config)
}

func (c *checker) routes(d *document, config *Config) {
	seen := map[string]bool{}
	for i, r := range d.Routes {
		path := fmt.Sprintf("route[%d]", i)
		called := sipua.CalledUser(string(r.Called))
		switch {
		case r.Called == "":
			c.wrong(path, `this route needs called = "+4930…", or "*" for everything`)
		case called == "" || called != "*" && !isUser(called):
			c.wrong(path+".called", `%q cannot be called; write a phone number, the part of a sip: address before the @, or "*"`, r.Called)
		case seen[called]:
			c.wrong(path+".called", "there is another route for %q; remove one of them", r.Called)
		}
		seen[called] = true
		route := Route{Called: called}
		switch {
		case (r.Agent == "") == (r.Queue == ""):
			c.wrong(path, "this route needs either an agent or a queue")
		case r.Agent != "":
			route.Agent = c.agent(path+".agent", r.Agent, config)
		default:
			route.Queue = c.queue(path+".queue", r.Queue, config)
		}
		config.Routes = append(config.Routes, route)
	}
}

// agent is the name of an agent as the configuration has it.
func (c *checker) agent(path string, written text, config *Config) string {
	agent, ok := config.Agent(string(written))
	if !ok {
		c.wrong(path, "no [[agent]] is called %q%s", written, Suggest(string(written), config.AgentNames()))
	}
	return agent.Name
}

// name checks the name of a thing among others, seen, whose names it may not share.
func (c *checker) name(path string, name text, seen map[string]bool) {
	s, path := string(name), path+".name"
	key := strings.ToLower(s)
	_, isNumber := sipua.ParseNumber(s)
	switch {
	case s == "":
		c.wrong(path, "a name is missing")
	case len(s) > 64 || strings.TrimSpace(s) != s || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		c.wrong(path, "%q is not a name; use at most 64 printable letters, without blanks around them", s)
	case isNumber || IsAddress(s) || s == "-":
		c.wrong(path, "%q is not a name: it could be taken for an address; use a word", s)
	case seen[key]:
		c.wrong(path, "there is another %q; every agent, endpoint or trunk needs its own name", s)
	}
	seen[key] = true
}

// address checks that a sip: address of the file can be dialled.
func (c *checker) address(table, written string, config *Config) {
	path := table + ".address"
	a, err := ParseAddress(written)
	switch {
	case written == "":
		c.wrong(path, `an address is missing; write it like address = "sip:ana@192.0.2.7:5060"%s`, orPassword(table))
	case err != nil:
		c.wrong(path, "%s", err)
	case a.Host != "" && !config.SIP.Proxy.IsValid():
		c.wrong(path, "%q is a host name, and there is no [sip] proxy that could look it up; use its IP address", a.Host)
	case a.LeadsTo(config.SIP.Listen):
		c.wrong(path, "%q is this server itself", written)
	default:
		c.transport(path, written, a.Transport, config.SIP)
	}
}
