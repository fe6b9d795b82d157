package main

import (
	"io"
	"os"
)

// A terminal is where a person reads; colours are for their eyes only.
type terminal struct {
	io.Writer
	colours bool
}

type colour string

const (
	plain  colour = ""
	green  colour = "32"
	yellow colour = "33"
	red    colour = "31"
	grey   colour = "90"
)

// noColours, when set to anything, asks every program to do without.
const noColours = "NO_COLOR" //nolint:misspell // that is its name

// newTerminal uses colours only on a screen.
func newTerminal(w io.Writer) terminal {
	f, isFile := w.(*os.File)
	if !isFile || os.Getenv(noColours) != "" || os.Getenv("TERM") == "dumb" {
		return terminal{w, false}
	}
	info, err := f.Stat()
	return terminal{w, err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (t terminal) paint(c colour, text string) string {
	if !t.colours || c == plain {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
