package media

import "slices"

// Pass presses a key towards all legs that hear this one, as telephone-events, for a peer
// that has sent it in signalling because it has none in its audio. A leg that has not
// agreed to telephone-events does not get it.
func (l *Leg) Pass(key byte) {
	l.room.mu.Lock()
	defer l.room.unlock()
	for _, other := range l.room.legs {
		if other.mayHear() && slices.Contains(other.sources, l) && len(other.typing.keys) < mostKeys {
			other.typing.keys += string(key)
		}
	}
}
