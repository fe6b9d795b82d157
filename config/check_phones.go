package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// shortest is as often as a phone may be made to register.
const shortest = 30 * time.Second

// algorithms are those by which a phone may prove its password.
var algorithms = []string{"SHA-256", "MD5"}

// phones checks from where phones may register, and for how long.
func (c *checker) phones(d *document, sip *SIP) {
	for i, p := range d.SIP.Phones {
		n, ok := network(string(p))
		if !ok {
			c.wrong(fmt.Sprintf("sip.phones[%d]", i), `%q is neither an IP address nor a network; write it like "192.0.2.7" or "192.0.2.0/24"`, p)
		}
		sip.Phones = append(sip.Phones, n)
	}
	for i, a := range d.SIP.Digest {
		if !slices.Contains(algorithms, string(a)) {
			c.wrong(fmt.Sprintf("sip.digest[%d]", i), `unknown digest algorithm %q; use "SHA-256" or "MD5"`, a)
		}
		sip.Digest = append(sip.Digest, string(a))
	}
	if len(sip.Digest) == 0 {
		c.wrong("sip.digest", `no phone could prove its password; use ["SHA-256", "MD5"]`)
	}
	sip.RegisterFor = time.Duration(c.duration("sip.register_for", d.SIP.RegisterFor))
	if sip.RegisterFor > 0 && sip.RegisterFor < shortest {
		c.wrong("sip.register_for", "%s is too short; phones cannot register more often than every %s", sip.RegisterFor, shortest)
	}
}

// registers checks an agent whose phone registers, among those before; password
// reports that one is given.
func (c *checker) registers(path string, agent Agent, password bool, config *Config) {
	switch {
	case agent.Address != "":
		c.wrong(path+".address", "a phone that is always at this address does not register; remove the address, or user and password")
	case !password:
		c.wrong(path+".user", `%q needs a password; give password = "${NAME}" with a variable of the environment, or password_file`, agent.User)
	case !isUser(agent.User):
		c.wrong(path+".user", `%q is not a valid user part of an address; give user = "…" with letters, digits and dots`, agent.User)
	case len(config.SIP.Phones) == 0:
		c.wrong(path, `no phone may register; list their networks in [sip], such as phones = ["192.0.2.0/24"], or give this agent an address`)
	}
	for _, other := range config.Agents {
		if other.User != "" && strings.EqualFold(other.User, agent.User) {
			c.wrong(path+".user", "the phone of %q registers as %q, too", other.Name, agent.User)
		}
	}
}

// digest are the algorithms by which an agent's phone may prove its password; nil:
// those of [sip].
func (c *checker) digest(path string, t text) []string {
	if t == "" {
		return nil
	}
	algorithm := strings.ToUpper(string(t))
	if !slices.Contains(algorithms, algorithm) {
		c.wrong(path+".digest", `unknown digest algorithm %q; use "sha-256" or "md5"`, t)
	}
	return []string{algorithm}
}

// orPassword lists what an entry of a table may have instead of an address.
func orPassword(table string) string {
	if strings.HasPrefix(table, "agent[") {
		return ", or a password, if the phone registers, or a login, if they work in the browser"
	}
	return ""
}
