package config

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// places tells where in a TOML document its keys, tables and list elements
// are, by paths such as "sip.listen", "agent[1].name" or "allow.hosts[0]".
type places map[string]unstable.Position

// findPlaces reads a document that is known to be valid.
func findPlaces(document []byte) places {
	found := places{}
	tables := map[string]int{} // how many [[name]] so far
	prefix := ""

	var p unstable.Parser
	p.Reset(document)
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind == unstable.KeyValue {
			found.keyValue(&p, prefix, e)
		}
		if e.Kind == unstable.Table {
			prefix = found.key(&p, "", e)
		}
		if e.Kind == unstable.ArrayTable {
			name := keyName(e)
			prefix = fmt.Sprintf("%s[%d]", name, tables[name])
			tables[name]++
			found.add(&p, prefix, firstKey(e))
		}
	}
	return found
}

func (f places) keyValue(p *unstable.Parser, prefix string, e *unstable.Node) {
	f.value(p, f.key(p, prefix, e), e.Value())
}

func (f places) value(p *unstable.Parser, path string, v *unstable.Node) {
	i := 0
	for children := v.Children(); children.Next(); i++ {
		if v.Kind == unstable.InlineTable {
			f.keyValue(p, path, children.Node())
		}
		if v.Kind == unstable.Array {
			element := fmt.Sprintf("%s[%d]", path, i)
			f.add(p, element, children.Node())
			f.value(p, element, children.Node())
		}
	}
}

// key notes where the key of e is, and returns its path.
func (f places) key(p *unstable.Parser, prefix string, e *unstable.Node) string {
	path := keyName(e)
	if prefix != "" {
		path = prefix + "." + path
	}
	f.add(p, path, firstKey(e))
	return path
}

func (f places) add(p *unstable.Parser, path string, n *unstable.Node) {
	if _, again := f[path]; !again {
		f[path] = p.Shape(n.Raw).Start
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
