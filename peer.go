package holdfast

import (
	"net/netip"

	"holdfast/directory"
	"holdfast/siptransport"
)

// peer returns what to expect of an address that connects for SIP. Until the server is
// ready it does not know with what its legs talk.
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
