package config

import "fmt"

func (c *checker) trunks(d *document, config *Config) {
	seen := map[string]bool{}
	for i, t := range d.Trunks {
		path := fmt.Sprintf("trunk[%d]", i)
		c.name(path, t.Name, seen)
		trunk := Trunk{Name: string(t.Name), User: string(t.User), Realm: string(t.Realm), Identity: t.Identity, Refer: t.Refer}
		trunk.Gateway = c.hop(path+".gateway", t.Gateway, config.SIP)
		for j, a := range t.Addresses {
			n, ok := network(string(a))
			if !ok {
				c.wrong(fmt.Sprintf("%s.addresses[%d]", path, j), `%q is neither an IP address nor a network; write it like "192.0.2.10" or "192.0.2.0/24"`, a)
			}
			trunk.Addresses = append(trunk.Addresses, n)
		}
		if len(t.Addresses) == 0 && t.Gateway == "" {
			c.wrong(path, `this trunk has no effect: give it addresses = ["192.0.2.10"] for calls to come in, or a gateway for numbers to be dialled`)
		}
		given := t.Password != "" || t.PasswordFile != ""
		switch {
		case t.User == "" && (given || t.Realm != ""):
			c.wrong(path, "a password or realm is for the user that this trunk knows us by; give user, too")
		case t.User != "" && !given:
			c.wrong(path+".user", `%q needs a password; give password = "${NAME}" with a variable of the environment, or password_file`, t.User)
		}
		trunk.Password = c.secret(path, "password", t.Password, t.PasswordFile)
		config.Trunks = append(config.Trunks, trunk)
	}
}
