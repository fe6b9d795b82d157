package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// shortestKey is a length that a program cannot guess even in years.
const shortestKey = 16

func (c *checker) keys(d *document) []Key {
	var keys []Key
	names, secrets := map[string]bool{}, map[Secret]string{}
	for i, k := range d.Keys {
		path := fmt.Sprintf("key[%d]", i)
		c.name(path, k.Name, names)
		if k.Secret == "" && k.SecretFile == "" {
			c.wrong(path, `this key needs secret = "${NAME}" with a variable of the environment, or secret_file`)
			continue
		}
		before := len(c.mistakes)
		key := Key{string(k.Name), c.secret(path, "secret", k.Secret, k.SecretFile)}
		switch other := secrets[key.Secret]; {
		case len(c.mistakes) > before: // it is not known
		case strings.ContainsFunc(string(key.Secret), func(r rune) bool { return r <= ' ' || r > '~' }):
			c.wrong(path, "the secret has blanks, or letters that a request cannot carry; use English letters, digits and signs")
		case len(key.Secret) < shortestKey:
			c.wrong(path, "the secret can be guessed; use at least %d letters, such as `openssl rand -hex 32` gives", shortestKey)
		case other != "":
			c.wrong(path, "this is the secret of %q, too; every key needs its own", other)
		}
		secrets[key.Secret] = key.Name
		keys = append(keys, key)
	}
	return keys
}

// secret is the one written, in the environment, or in a file. key is its key
// in the table at path; with "_file" behind it, the key of the file.
func (c *checker) secret(path, key string, written, file text) Secret {
	variable, isVariable := strings.CutPrefix(string(written), "${")
	variable, closed := strings.CutSuffix(variable, "}")
	switch {
	case written != "" && file != "":
		c.wrong(path+"."+key+"_file", "there is a %s, too; remove one of them", key)
	case file != "":
		secret, err := readSecret(string(file))
		if err != nil {
			c.wrong(path+"."+key+"_file", "no %s can be read there: %s", key, err)
		}
		return Secret(secret)
	case isVariable && closed:
		if os.Getenv(variable) == "" {
			c.wrong(path+"."+key, "the environment has no variable %q", variable)
		}
		return Secret(os.Getenv(variable))
	}
	return Secret(written)
}

// longestSecret bounds the part of a secret's file that is read.
const longestSecret = 1024

// readSecret returns a file's text, without the line break that editors add.
func readSecret(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, longestSecret+1))
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(content), "\r\n")
	switch {
	case len(content) > longestSecret:
		return "", fmt.Errorf("%s has more than %d bytes", name, longestSecret)
	case secret == "":
		return "", errors.New(name + " is empty")
	}
	return secret, nil
}
