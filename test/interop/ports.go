package interop

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
)

// A block of ports belongs to one phone. They lie below those that the system
// hands out, so that no other program takes them in between.
const (
	firstBlock = 21000
	lastBlock  = 31000
	blockSize  = 10
)

var blocks struct {
	sync.Mutex // guards next
	next       int
}

// Ports finds ten ports in a row that are free at 127.0.0.1, for UDP and TCP,
// and returns the first. No other caller in this process gets them soon.
func Ports() (first int, err error) {
	blocks.Lock()
	defer blocks.Unlock()
	if blocks.next == 0 {
		blocks.next = firstBlock + os.Getpid()%900*blockSize
	}
	for range (lastBlock - firstBlock) / blockSize {
		first := blocks.next
		if blocks.next += blockSize; blocks.next >= lastBlock {
			blocks.next = firstBlock
		}
		if free(first) {
			return first, nil
		}
	}
	return 0, errors.New("no ports are free")
}

// free reports whether all ports of a block can be bound.
func free(first int) bool {
	for port := first; port < first+blockSize; port++ {
		address := fmt.Sprintf("127.0.0.1:%d", port)
		udp, err := net.ListenPacket("udp", address)
		if err != nil {
			return false
		}
		_ = udp.Close()
		tcp, err := net.Listen("tcp", address)
		if err != nil {
			return false
		}
		_ = tcp.Close()
	}
	return true
}
