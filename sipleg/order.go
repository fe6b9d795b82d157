package sipleg

import (
	"net/netip"
	"slices"
	"strings"
)

// The order of lines that RFC 8866 §5 prescribes, before the first m= line and after one.
// Not every sender keeps to it, and no receiver misunderstands those who do not.
const (
	sessionOrder = "vosiuepcbtrzka"
	mediaOrder   = "micbka"
)

// A numbered is a line of a description with its number, from 1.
type numbered struct {
	line int
	text string
}

// inOrder returns lines, of which the first has that number, in the order of their types.
// Repetitions (r=) stay behind their time, and attributes as they are.
func inOrder(first int, lines []string, order string) []numbered {
	all := make([]numbered, len(lines))
	for i, text := range lines {
		all[i] = numbered{first + i, text}
	}
	order = strings.Replace(order, "tr", "t", 1)
	rank := func(n numbered) int {
		if n.text == "" {
			return len(order)
		}
		kind := strings.Replace(n.text[:1], "r", "t", 1)
		if i := strings.Index(order, kind); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(all, func(a, b numbered) int { return rank(a) - rank(b) })
	return all
}

// withAddress returns a description in which each c= line that names a host has an
// address: that of the peer who sent it. Names are not looked up, as in sip: addresses.
func withAddress(description []byte, from netip.Addr) []byte {
	if description == nil || !from.IsValid() {
		return description
	}
	lines := strings.Split(string(description), "\n")
	changed := false
	for i, line := range lines {
		f := strings.Fields(line)
		if len(f) != 3 || f[0] != "c=IN" {
			continue
		}
		if host, _, _ := strings.Cut(f[2], "/"); isAddress(host) {
			continue
		}
		family := "IP4"
		if from.Unmap().Is6() {
			family = "IP6"
		}
		lines[i], changed = "c=IN "+family+" "+from.Unmap().String()+"\r", true
	}
	if !changed {
		return description
	}
	return []byte(strings.Join(lines, "\n"))
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
