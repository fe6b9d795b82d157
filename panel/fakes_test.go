package panel

import (
	"context"
	"strings"
	"sync"

	"holdfast/switchboard"
)

// answerTo is an answer that a browser accepts, of somebody whom it never reaches.
func answerTo(offer string) string {
	mid := "0"
	if _, after, found := strings.Cut(offer, "a=mid:"); found {
		mid, _, _ = strings.Cut(after, "\r\n")
	}
	return strings.Join([]string{
		"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE " + mid, "a=ice-lite",
		"m=audio 9 UDP/TLS/RTP/SAVPF 0", "c=IN IP4 127.0.0.1", "a=mid:" + mid, "a=rtpmap:0 PCMU/8000",
		"a=ice-ufrag:fake", "a=ice-pwd:fakefakefakefakefakefake",
		"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("00:", 32), ":"),
		"a=setup:passive", "a=rtcp-mux", "a=sendrecv",
		"a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host", "",
	}, "\r\n")
}

// A memory is a Store that forgets everything in the end.
type memory struct {
	mu    sync.Mutex
	seq   uint64
	items map[[2]string]switchboard.Item
}

func (m *memory) Put(_ context.Context, kind, name string, data []byte, after uint64) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := [2]string{kind, name}
	if m.items[key].Seq != after {
		return 0, switchboard.ErrFenced
	}
	if m.items == nil {
		m.items = map[[2]string]switchboard.Item{}
	}
	m.seq++
	m.items[key] = switchboard.Item{Name: name, Data: data, Seq: m.seq}
	return m.seq, nil
}

func (m *memory) All(_ context.Context, kind string) ([]switchboard.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []switchboard.Item
	for key, item := range m.items {
		if key[0] == kind {
			all = append(all, item)
		}
	}
	return all, nil
}
