package call

// A Sound is the whole of who hears what in a contact: one Hearing for each
// party whose line can carry sound to them now.
type Sound []Hearing

// A Hearing is what one party hears: other parties, or an audio.
type Hearing struct {
	Connection ConnectionID   `json:"connection"`
	From       []ConnectionID `json:"from,omitempty"`  // in order of joining
	Audio      Audio          `json:"audio,omitempty"` // set exactly when From is empty
}

// An Audio is something the server plays.
type Audio string

const (
	HoldAudio    Audio = "hold audio"    // music
	ComfortAudio Audio = "comfort audio" // a faint noise, for whoever would hear nobody
)

// Hears tells who hears what, by one rule: whoever is connected hears everyone
// else who is connected, whoever is held hears hold audio, and whoever would
// hear nobody hears comfort audio. An agent also hears what a target's line
// plays before they answer. A party that is still connecting hears nothing
// from us, so it has no Hearing.
//
// Two-party call, consultation, three-way and hand-over are this one rule; it
// is the only thing that those who make sound need to know.
func Hears(c Contact) Sound {
	var sound Sound
	for _, who := range c.Connections {
		switch who.State {
		case Connecting:
		case Held:
			sound = append(sound, Hearing{Connection: who.ID, Audio: HoldAudio})
		case Connected:
			h := Hearing{Connection: who.ID, From: heardBy(who, c.Connections)}
			if len(h.From) == 0 {
				h.Audio = ComfortAudio
			}
			sound = append(sound, h)
		}
	}
	return sound
}

func heardBy(who Connection, all []Connection) []ConnectionID {
	var from []ConnectionID
	for _, c := range all {
		early := who.Party == Agent && c.State == Connecting && c.EarlyMedia
		if c.ID != who.ID && (c.State == Connected || early) {
			from = append(from, c.ID)
		}
	}
	return from
}
