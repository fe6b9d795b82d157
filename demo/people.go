package demo

import (
	"strings"

	"holdfast/password"
	"holdfast/softphone"
)

// A person has a phone in the demo.
type person struct {
	name  string
	agent bool          // customers call them
	login password.Hash // of an agent who works in the browser and has no phone
	softphone.Options
}

// cast are the people of the stories.
var cast = []person{{name: "customer"}, {name: "ana", agent: true}, {name: "cardiology"}, {name: "reception"}}

// the returns a person's name as it stands in a sentence.
func the(name string) string {
	if name == "customer" {
		return "the customer"
	}
	return name
}

func and(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, the(name))
	}
	return strings.Join(all, " and ")
}

// ended reports whether nothing is left of a call.
func ended(c *softphone.Call) bool {
	select {
	case <-c.Ended():
		return true
	default:
		return false
	}
}
