package siptransport

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// askForErrors makes the kernel queue ICMP errors with the address they are about.
func askForErrors(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var v4, v6 error
	err = raw.Control(func(fd uintptr) {
		v4 = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_RECVERR, 1)
		v6 = unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_RECVERR, 1)
	})
	if v4 != nil && v6 != nil {
		return v4
	}
	return err
}

// unreachable empties the socket's queue of errors, and returns the datagrams that came
// back, as far as the errors quote them.
func unreachable(conn *net.UDPConn) []returned {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil
	}
	var found []returned
	_ = raw.Control(func(fd uintptr) {
		var data [longestQuote]byte
		var control [512]byte
		for {
			quoted, n, _, to, err := unix.Recvmsg(int(fd), data[:], control[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
			if err != nil {
				return
			}
			if !aboutReach(control[:n]) {
				continue
			}
			switch to := to.(type) {
			case *unix.SockaddrInet4:
				found = append(found, returned{netip.AddrPortFrom(netip.AddrFrom4(to.Addr), uint16(to.Port)), string(data[:quoted])})
			case *unix.SockaddrInet6:
				found = append(found, returned{netip.AddrPortFrom(netip.AddrFrom16(to.Addr).Unmap(), uint16(to.Port)), string(data[:quoted])})
			}
		}
	})
	return found
}

// aboutReach reports whether a queued error means that the address is unreachable, and
// not, for example, that the datagram was too long. The error number is the first field
// of struct sock_extended_err.
func aboutReach(control []byte) bool {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return false
	}
	for _, m := range messages {
		if len(m.Data) < 4 || m.Header.Type != unix.IP_RECVERR && m.Header.Type != unix.IPV6_RECVERR {
			continue
		}
		switch syscall.Errno(binary.NativeEndian.Uint32(m.Data)) {
		case syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENOPROTOOPT:
			return true
		}
	}
	return false
}

// pendingError reports whether err is an ICMP error of an earlier datagram.
func pendingError(err error) bool {
	for _, icmp := range []error{
		syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN,
		syscall.EPROTO, syscall.ENOPROTOOPT, syscall.EMSGSIZE, syscall.EACCES,
	} {
		if errors.Is(err, icmp) {
			return true
		}
	}
	return false
}
