package interop

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Dial makes the phone call uri.
func (b *Baresip) Dial(uri string) error { return b.tell("dial", uri) }

// Answer makes the phone pick up.
func (b *Baresip) Answer() error { return b.tell("accept", "") }

// HangUp makes the phone end its call, or refuse one that rings.
func (b *Baresip) HangUp() error { return b.tell("hangup", "") }

// Hold makes the phone put its peer on hold.
func (b *Baresip) Hold() error { return b.tell("hold", "") }

// Resume makes the phone take its peer off hold.
func (b *Baresip) Resume() error { return b.tell("resume", "") }

// Press makes the phone press keys, which it sends by RFC 4733.
func (b *Baresip) Press(keys string) error { return b.tell("sndcode", keys) }

// Transfer makes the phone transfer its current call: it sends REFER with uri as
// it stands here.
func (b *Baresip) Transfer(uri string) error { return b.tell("transfer", uri) }

// Select makes the call with a Call-ID the current one.
func (b *Baresip) Select(id string) error { return b.tell("callfind", id) }

// Registered asks the phone whether it has registered.
func (b *Baresip) Registered(ctx context.Context) (bool, error) {
	if err := b.tell("reginfo", ""); err != nil {
		return false, err
	}
	e, err := b.Await(ctx, "") // an answer has no type
	return strings.Contains(e.Data, "OK "), err
}

// tell sends a command, as a netstring with JSON.
func (b *Baresip) tell(command, params string) error {
	text, err := json.Marshal(map[string]string{"command": command, "params": params})
	if err == nil {
		_, err = fmt.Fprintf(b.ctrl, "%d:%s,", len(text), text)
	}
	if err != nil {
		return fmt.Errorf("telling %s's baresip to %s: %w", b.user, command, err)
	}
	return nil
}

// follow reads the phone's events until it has ended, or sends an invalid
// one.
func (b *Baresip) follow() {
	defer close(b.events)
	in := bufio.NewReader(b.ctrl)
	for {
		e, err := readEvent(in)
		if err != nil {
			return
		}
		select {
		case b.events <- e:
		case <-b.stop:
			return
		}
	}
}

func readEvent(in *bufio.Reader) (e Event, err error) {
	size, err := in.ReadString(':')
	if err != nil {
		return e, err
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(size, ":"), 10, 20)
	if err != nil {
		return e, fmt.Errorf("%q is no length", size)
	}
	text := make([]byte, n+1) // and a comma
	if _, err := io.ReadFull(in, text); err != nil {
		return e, err
	}
	return e, json.Unmarshal(text[:n], &e)
}
