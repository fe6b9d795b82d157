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
	HoldAudio    Audio = "hold audio"
	ComfortAudio Audio = "comfort audio" // for whoever would hear nobody
)
