// Package hostcheck decides whether an HTTP request was meant for this server. A web
// page whose own name has been made to point at this machine (DNS rebinding) sends
// that name as Host. The package answers no request itself.
package hostcheck

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Names are the names and addresses by which a server may be asked. Those of
// loopback are always among them. The zero value has only these.
type Names struct {
	Address netip.Addr // where the server listens; all addresses of the machine: any IP address will do
	Public  []string   // host names in lower case, and IP addresses
}

// Refused is the sentence for a request that Allow refuses.
const Refused = "this server does not answer to that name; if it should, add the name to [http] names in its configuration"

// Allow reports whether the Host of a request is a name or address of the server.
// The port may be any: a proxy may have another one.
func (n Names) Allow(r *http.Request) bool { return n.has(r.Host) }

func (n Names) has(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	} else if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return false
	}
	if ip, err := netip.ParseAddr(name); err == nil {
		return n.hasAddress(ip.Unmap())
	}
	name = strings.ToLower(name)
	return name == "localhost" || slices.Contains(n.Public, name)
}

// hasAddress: an address in the place of a name cannot be made to point elsewhere.
func (n Names) hasAddress(ip netip.Addr) bool {
	return ip.IsLoopback() || ip == n.Address.Unmap() || n.Address.IsUnspecified() || slices.Contains(n.Public, ip.String())
}
