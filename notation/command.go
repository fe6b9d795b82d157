package notation

import (
	"encoding/json"
	"fmt"
	"reflect"

	"holdfast/call"
)

// A Command is a command of package call. In JSON it is an object with its name
// and its particulars.
type Command struct{ call.Command }

type named struct {
	Command string          `json:"command"`
	Data    json.RawMessage `json:"data"`
}

// MarshalJSON implements json.Marshaler.
func (c Command) MarshalJSON() ([]byte, error) {
	name := reflect.TypeOf(c.Command).Name()
	data, err := json.Marshal(c.Command)
	if err != nil {
		return nil, fmt.Errorf("writing command %s: %w", name, err)
	}
	return json.Marshal(named{name, data})
}

// UnmarshalJSON implements json.Unmarshaler. An unknown command is an error
// that names it.
func (c *Command) UnmarshalJSON(b []byte) error {
	var n named
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	read, ok := commands[n.Command]
	if !ok {
		return fmt.Errorf("unknown command %q", n.Command)
	}
	var err error
	if c.Command, err = read(n.Data); err != nil {
		return fmt.Errorf("reading command %s: %w", n.Command, err)
	}
	return nil
}

// commands reads every command by its name; a test compares it with package
// call.
var commands = map[string]func(json.RawMessage) (call.Command, error){
	"Ring":      command[call.Ring],
	"Answer":    command[call.Answer],
	"Refuse":    command[call.Refuse],
	"Dial":      command[call.Dial],
	"Drop":      command[call.Drop],
	"Digits":    command[call.Digits],
	"Take":      command[call.Take],
	"Give":      command[call.Give],
	"Join":      command[call.Join],
	"Report":    command[call.Report],
	"Introduce": command[call.Introduce],
	"Notify":    command[call.Notify],
}

func command[C call.Command](b json.RawMessage) (call.Command, error) {
	var c C
	err := json.Unmarshal(b, &c)
	return c, err
}
