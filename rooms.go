package holdfast

import (
	"holdfast/call"
	"holdfast/media"
	"holdfast/switchboard"
)

// rooms lets the switchboard see the media engine's rooms as its own: who
// hears what in words of package call, audio in words of package media.
type rooms struct{ engine *media.Engine }

func (r rooms) Room(id call.ContactID) switchboard.Room {
	return room{r.engine.Room(string(id))}
}

type room struct{ *media.Room }

func (r room) Set(audio call.Mix) []call.ConnectionID {
	mix := make(media.Mix, 0, len(audio))
	for _, h := range audio {
		hearing := media.Hearing{Leg: int(h.Connection), Play: plays[h.Audio], Record: h.Recorded}
		for _, id := range h.From {
			hearing.From = append(hearing.From, int(id))
		}
		mix = append(mix, hearing)
	}
	var joined []call.ConnectionID
	for _, leg := range r.Room.Set(mix) {
		joined = append(joined, call.ConnectionID(leg))
	}
	return joined
}

var plays = map[call.Audio]media.Audio{
	call.HoldAudio:     media.Hold,
	call.QueueAudio:    media.Queue,
	call.ParkAudio:     media.Park,
	call.ComfortNoise:  media.Comfort,
	call.RingbackAudio: media.Ringback,
	call.WhisperPrompt: media.Whisper,
	call.ConfirmPrompt: media.Confirm,
}
