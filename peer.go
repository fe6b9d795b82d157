package holdfast

import (
	"net/netip"

	"holdfast/directory"
	"holdfast/siptransport"
)

// peer returns how far an address that connects for SIP is known. Until the server is
// ready it does not know the far ends of its legs.
func (s *Server) peer(at netip.AddrPort, dir *directory.Directory) siptransport.Peer {
	if dir.Trusted(at) {
		return siptransport.Known
	}
	select {
	case <-s.ready:
	default:
		return siptransport.Guest
	}
	there, host := s.sipLegs.Talks(at)
	switch {
	case there:
		return siptransport.Known
	case host, dir.Expected(at):
		return siptransport.Guest
	}
	return siptransport.Stranger
}
