package call

import "slices"

// A Mix is the audio of a contact: one Hearing for each party whose line can carry audio to
// them now.
type Mix []Hearing

// A Hearing is the audio of one party: other parties, or a built-in audio.
type Hearing struct {
	Connection ConnectionID   `json:"connection"`
	From       []ConnectionID `json:"from,omitempty"`     // in order of joining
	Audio      Audio          `json:"audio,omitempty"`    // set exactly when From is empty
	Before     Audio          `json:"before,omitempty"`   // the audio they hear until one of From has sent audio; empty: nothing special
	Recorded   bool           `json:"recorded,omitempty"` // their audio is recorded, in both directions
}

// An Audio is something the server plays.
type Audio string

const (
	HoldAudio     Audio = "hold audio"     // music
	QueueAudio    Audio = "queue audio"    // for a customer in a queue
	ParkAudio     Audio = "park audio"     // for a parked customer
	ComfortNoise  Audio = "comfort noise"  // a faint noise, for a party with nobody to listen to
	RingbackAudio Audio = "ringback"       // for an agent who waits until the far end picks up
	WhisperPrompt Audio = "whisper"        // announces the caller to a target, before they are joined
	ConfirmPrompt Audio = "confirm prompt" // asks a target to press 1 to take the call
)

// Hears returns what each party hears, by one rule: a connected party hears all other
// connected parties that are not muted and not holding the call by phone, a held party
// hears hold audio, a screening party hears their prompt, and a party with nobody to listen
// to hears comfort noise; a customer who is alone hears hold audio, as does a party who
// hears no other because the phone of another holds the call. An agent also hears the audio
// that a party's line plays before they answer or, if it rings without any audio and the
// agent hears no other party, ringback (RFC 3960 §3.2). A party that is still connecting,
// or away, hears nothing from us, so it has no Hearing.
//
// Two-party call, consultation, three-way and hand-over are this one rule; it
// is the only thing that those who make audio need to know.
func Hears(c Contact) Mix {
	var audio Mix
	for i := range c.Connections {
		who := &c.Connections[i]
		if who.State == Connecting || who.State == Away {
			continue
		}
		h := c.hearing(who)
		h.Recorded = c.Recorded && who.Party == Customer
		audio = append(audio, h)
	}
	return audio
}

// HearsAhead returns the audio that c may already have before c is recorded, and whether it
// may have any. events led to c, and recorded is the audio until then.
//
// After a crash nothing is left of the audio set ahead: the contact has its recorded audio.
// Most facts come again, because a far end repeats messages that were not acknowledged. A
// key (Pressed) that came as audio does not: the prompt is played again, and the party
// presses again or AnswerBy passes. Played comes when the prompt has been played again. So
// no promise suffers. A request must wait: the person who made it may get the answer that
// nothing has happened, and it does not come again. So must recordings, which outlive the
// process.
func HearsAhead(recorded Mix, c Contact, events []Timed) (Mix, bool) {
	for i := range events {
		if _, asked := events[i].Event.(Request); asked {
			return nil, false
		}
	}
	ahead := Hears(c)
	for i := range ahead {
		ahead[i].Recorded = slices.ContainsFunc(recorded, func(h Hearing) bool {
			return h.Connection == ahead[i].Connection && h.Recorded
		})
	}
	return ahead, true
}

// hearing returns the Hearing of a party who can hear.
func (c *Contact) hearing(who *Connection) Hearing {
	h := Hearing{Connection: who.ID}
	switch who.State {
	case Connecting, Away:
	case Screening:
		h.Audio = who.Prompt
	case Held:
		h.Audio = c.waitingAudio()
	case Connected:
		var alone bool
		switch h.From, alone = c.heardBy(who); {
		case len(h.From) > 0:
			if who.Party == Agent && c.rings() && c.early(h.From) {
				h.Before = RingbackAudio
			}
		case alone && who.Party == Customer, c.heldByPhone(who):
			h.Audio = c.waitingAudio()
		case alone && who.Party == Agent && c.rings():
			h.Audio = RingbackAudio
		default:
			h.Audio = ComfortNoise
		}
	}
	return h
}

// early reports whether none of those parties has answered.
func (c *Contact) early(parties []ConnectionID) bool {
	return !slices.ContainsFunc(c.Connections, func(x Connection) bool {
		return x.State != Connecting && slices.Contains(parties, x.ID)
	})
}

// rings reports whether the line of a party who has not answered rings.
func (c *Contact) rings() bool {
	return slices.ContainsFunc(c.Connections, func(x Connection) bool { return x.State == Connecting && x.Ringing })
}

// waitingAudio is the audio for a waiting party.
func (c *Contact) waitingAudio() Audio {
	if c.Stage == Parked {
		return ParkAudio
	}
	if c.Stage == Returning {
		for i := range c.Connections {
			if c.Connections[i].Endpoint.Kind == QueueEndpoint {
				return QueueAudio
			}
		}
	}
	return HoldAudio
}

// heldByPhone reports whether the phone of another connected party holds the call.
func (c *Contact) heldByPhone(who *Connection) bool {
	return slices.ContainsFunc(c.Connections, func(x Connection) bool {
		return x.ID != who.ID && x.State == Connected && x.Holding
	})
}

// heardBy returns the unmuted parties that a party can hear; alone reports whether nobody
// else, muted or not, is connected.
func (c *Contact) heardBy(who *Connection) (from []ConnectionID, alone bool) {
	alone = true
	for i := range c.Connections {
		x := &c.Connections[i]
		early := who.Party == Agent && x.State == Connecting && x.EarlyMedia
		if x.ID == who.ID || x.State != Connected && !early {
			continue
		}
		alone = false
		if !x.Muted && !x.Holding {
			from = append(from, x.ID)
		}
	}
	return from, alone
}
