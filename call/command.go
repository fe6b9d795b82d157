package call

// A Command is something to be done about a contact. Commands are carried out
// in order, each once, after the contact that Step returned with them has been
// written down. Audio is not a command: see [Hears].
//
//sumtype:decl
type Command interface{ isCommand() }

type (
	// Ring sends ringing to a caller whose call we have not answered, because another
	// party is being rung: to a customer, or to an agent whose phone has dialled one.
	Ring struct {
		Connection ConnectionID `json:"connection"`
	}

	// Answer picks up the call of a caller who rings at us: a customer (from then
	// on P1 holds) or an agent whose phone has dialled a customer. For an agent who is
	// rung it picks up their line, if that can be done from here; Answered follows if it
	// was done.
	Answer struct {
		Connection ConnectionID `json:"connection"`
	}

	// Refuse turns away a caller who rings at us: a customer, or an agent whose phone has
	// dialled one.
	Refuse struct {
		Connection ConnectionID `json:"connection"`
		Reason     Reason       `json:"reason"`
	}

	// Dial rings a party. Rang, Answered or Failed will follow.
	Dial struct {
		Connection ConnectionID `json:"connection"`
		Party      Party        `json:"party"`
		To         Endpoint     `json:"to"`
		From       Endpoint     `json:"from"`              // who the party sees calling
		Customer   Endpoint     `json:"customer,omitzero"` // the customer they are called for, even if they see another caller
	}

	// Drop ends a party's line, whatever it is doing: ringing is cancelled,
	// an answer that crosses is taken and ended at once. The party is out of
	// the contact already, so a fact about them that was under way changes
	// nothing any more. Dropping a party again does nothing.
	Drop struct {
		Connection ConnectionID `json:"connection"`
		Reason     Reason       `json:"reason,omitempty"`
	}

	// Digits presses keys on a party's line.
	Digits struct {
		Connection ConnectionID `json:"connection"`
		Digits     string       `json:"digits"`
	}

	// Take brings a party's line from another contact into this one, where it gets
	// Connection. Rang, Answered or Failed follow, as after Dial.
	Take struct {
		Connection ConnectionID `json:"connection"`
		To         Endpoint     `json:"to"`
		From       Place        `json:"from"`  // the line there of the agent asking
		Agent      Endpoint     `json:"agent"` // the agent asking
	}

	// Give sends a party's line to another contact. The party is out of this
	// contact already.
	Give struct {
		Connection ConnectionID `json:"connection"`
		To         Place        `json:"to"`
	}

	// Join answers the line that calls us to take the place of another (see Replaced).
	Join struct {
		Connection ConnectionID `json:"connection"`
	}

	// Report sends the progress of a transfer to the agent's line on which it was asked
	// for. The connection may have left the contact.
	Report struct {
		Connection ConnectionID `json:"connection"`
		Transfer   string       `json:"transfer"`
		Progress   Progress     `json:"progress"`
		Reason     Reason       `json:"reason,omitempty"` // why it did not complete
	}

	// Introduce shows a party the name of the party connected to them now, if their line
	// can.
	Introduce struct {
		Connection ConnectionID `json:"connection"`
		Party      Endpoint     `json:"party"`
	}

	// Notify sends an agent a sentence to read.
	Notify struct {
		Connection ConnectionID `json:"connection"`
		Reason     Reason       `json:"reason,omitempty"`
		Text       string       `json:"text"`
	}
)

func (Ring) isCommand()      {}
func (Answer) isCommand()    {}
func (Refuse) isCommand()    {}
func (Dial) isCommand()      {}
func (Drop) isCommand()      {}
func (Digits) isCommand()    {}
func (Take) isCommand()      {}
func (Give) isCommand()      {}
func (Join) isCommand()      {}
func (Report) isCommand()    {}
func (Introduce) isCommand() {}
func (Notify) isCommand()    {}

// A Progress is how far a transfer has come.
type Progress string

const (
	TargetRings      Progress = "ringing"
	TransferIsOver   Progress = "over"      // without its target; Report.Reason has the cause
	TransferComplete Progress = "completed" // the target has the customer
)
