package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Load reads the configuration in a file. Settings that the file leaves out are as
// in the Manual. When the file has mistakes the error is a Mistakes with all of
// them, or with the first that is not TOML or has a value of the wrong kind.
func Load(file string) (Config, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(file, content)
}

// Default is the configuration of the Manual.
func Default() Config {
	config, err := Parse("the built-in configuration", nil)
	if err != nil {
		panic(err)
	}
	return config
}

// Parse is Load for content that has been read already; file is only its name.
func Parse(file string, content []byte) (Config, error) {
	var d document
	if err := toml.Unmarshal([]byte(manual), &d); err != nil {
		panic(err)
	}
	if err := toml.Unmarshal(content, new(any)); err != nil {
		return Config{}, Mistakes{decodeMistake(file, err)}
	}
	c := checker{file: file, places: findPlaces(content), slips: map[string]bool{}}
	d.startOver(c.places)
	if !c.decode(content, &d) {
		return Config{}, c.mistakes.err()
	}
	config := c.config(&d)
	if err := c.mistakes.err(); err != nil {
		return Config{}, err
	}
	return config, nil
}

// decode reads content, which is valid TOML, over d. It reports whether all of the
// content has been read: a value of the wrong kind ends it, an unknown key does not.
func (c *checker) decode(content []byte, d *document) bool {
	decoder := toml.NewDecoder(bytes.NewReader(content)).DisallowUnknownFields()
	err := decoder.Decode(d)
	var unknown *toml.StrictMissingError
	switch {
	case errors.As(err, &unknown):
		for _, e := range unknown.Errors {
			line, column := e.Position()
			c.mistakes = append(c.mistakes, Mistake{c.file, line, column, unknownKey(e.Key())})
			c.slips[c.places.tableAt(line, column)] = true
		}
	case err != nil:
		c.mistakes = append(c.mistakes, decodeMistake(c.file, err))
		return false
	}
	return true
}

func decodeMistake(file string, err error) Mistake {
	m := Mistake{File: file, Text: strings.TrimPrefix(err.Error(), "toml: ")}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		m.Line, m.Column = decode.Position()
		if strings.HasPrefix(m.Text, "cannot decode") {
			m.Text = fmt.Sprintf("%q has a value of the wrong kind; `holdfast config` shows how it is written",
				strings.Join(decode.Key(), "."))
		}
	}
	return m
}
