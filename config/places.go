package config

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// places are the positions of the keys, tables and list elements of a TOML
// document, by paths such as "sip.listen", "agent[1].name" or
// "allow.hosts[0]".
type places struct {
	document []byte
	offsets  map[string]int
}

// at returns the line and the column, from 1, of the element at a path; zeros
// if there is none.
func (f places) at(path string) (line, column int) {
	offset, ok := f.offsets[path]
	if !ok {
		return 0, 0
	}
	before := f.document[:offset]
	return 1 + bytes.Count(before, []byte{'\n'}), offset - bytes.LastIndexByte(before, '\n')
}

// findPlaces reads a document that is known to be valid.
func findPlaces(document []byte) places {
	found := places{document, map[string]int{}}
	tables := map[string]int{} // how many [[name]] so far
	prefix := ""

	var p unstable.Parser
	p.Reset(document)
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind == unstable.KeyValue {
			found.keyValue(prefix, e)
		}
		if e.Kind == unstable.Table {
			prefix = found.key("", e)
		}
		if e.Kind == unstable.ArrayTable {
			name := keyName(e)
			prefix = fmt.Sprintf("%s[%d]", name, tables[name])
			tables[name]++
			found.add(prefix, firstKey(e))
		}
	}
	return found
}

func (f places) keyValue(prefix string, e *unstable.Node) {
	f.value(f.key(prefix, e), e.Value())
}

func (f places) value(path string, v *unstable.Node) {
	i := 0
	for children := v.Children(); children.Next(); i++ {
		if v.Kind == unstable.InlineTable {
			f.keyValue(path, children.Node())
		}
		if v.Kind == unstable.Array {
			element := fmt.Sprintf("%s[%d]", path, i)
			f.add(element, children.Node())
			f.value(element, children.Node())
		}
	}
}

// key notes where the key of e is, and returns its path.
func (f places) key(prefix string, e *unstable.Node) string {
	path := keyName(e)
	if prefix != "" {
		path = prefix + "." + path
	}
	f.add(path, firstKey(e))
	return path
}

func (f places) add(path string, n *unstable.Node) {
	if _, again := f.offsets[path]; !again {
		f.offsets[path] = int(n.Raw.Offset)
	}
}

func firstKey(e *unstable.Node) *unstable.Node {
	k := e.Key()
	k.Next()
	return k.Node()
}

func keyName(e *unstable.Node) string {
	name := ""
	for k := e.Key(); k.Next(); {
		if name != "" {
			name += "."
		}
		name += strings.ToLower(string(k.Node().Data)) // keys are known in any case
	}
	return name
}

// tableAt is the path of the table that has the key at a position, or "".
func (f places) tableAt(line, column int) string {
	wanted := column - 1
	for l := range bytes.Lines(f.document) {
		if line--; line < 1 {
			break
		}
		wanted += len(l)
	}
	for path, offset := range f.offsets {
		if offset == wanted {
			return path[:max(0, strings.LastIndex(path, "."))]
		}
	}
	return ""
}
