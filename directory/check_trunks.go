package directory

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

func (c *checker) trunks(d *document, config *Config) {
	seen := map[string]bool{}
	for i, t := range d.Trunks {
		path := fmt.Sprintf("trunk[%d]", i)
		c.name(path, t.Name, seen)
		trunk := Trunk{Name: string(t.Name), User: string(t.User), Realm: string(t.Realm)}
		trunk.Gateway, trunk.GatewayTCP = c.hop(path+".gateway", t.Gateway, config.SIP)
		for j, a := range t.Addresses {
			n, ok := network(string(a))
			if !ok {
				c.wrong(fmt.Sprintf("%s.addresses[%d]", path, j), `%q is neither an IP address nor a network; write it like "192.0.2.10" or "192.0.2.0/24"`, a)
			}
			trunk.Addresses = append(trunk.Addresses, n)
		}
		if len(t.Addresses) == 0 && t.Gateway == "" {
			c.wrong(path, `this trunk is of no use: give it addresses = ["192.0.2.10"] for calls to come in, or a gateway for numbers to be dialled`)
		}
		given := t.Password != "" || t.PasswordFile != ""
		switch {
		case t.User == "" && (given || t.Realm != ""):
			c.wrong(path, "a password or realm is for the user that this trunk knows us by; give user, too")
		case t.User != "" && !given:
			c.wrong(path+".user", `%q needs a password; give password = "${NAME}" with a variable of the environment, or password_file`, t.User)
		}
		trunk.Password = c.password(path, t.Password, t.PasswordFile)
		config.Trunks = append(config.Trunks, trunk)
	}
}

// password is the one written, in the environment, or in a file.
func (c *checker) password(path string, written, file text) Secret {
	variable, isVariable := strings.CutPrefix(string(written), "${")
	variable, closed := strings.CutSuffix(variable, "}")
	switch {
	case written != "" && file != "":
		c.wrong(path+".password_file", "there is a password, too; remove one of them")
	case file != "":
		password, err := readPassword(string(file))
		if err != nil {
			c.wrong(path+".password_file", "no password can be read there: %s", err)
		}
		return Secret(password)
	case isVariable && closed:
		if os.Getenv(variable) == "" {
			c.wrong(path+".password", "the environment has no variable %q", variable)
		}
		return Secret(os.Getenv(variable))
	}
	return Secret(written)
}

// longestPassword bounds what is read of a password file.
const longestPassword = 1024

// readPassword is what a file says, without the line break that editors add.
func readPassword(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, longestPassword+1))
	if err != nil {
		return "", err
	}
	password := strings.TrimRight(string(content), "\r\n")
	switch {
	case len(content) > longestPassword:
		return "", fmt.Errorf("%s has more than %d bytes", name, longestPassword)
	case password == "":
		return "", errors.New(name + " is empty")
	}
	return password, nil
}
