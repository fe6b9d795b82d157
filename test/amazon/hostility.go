package amazon

// A Hostility is something that pages must expect of Amazon Connect, or of the way to
// it. A scene switches some on; without any, the service behaves as documented.
type Hostility string

// Ways in which the service behaves differently.
const (
	// LateLeg makes the connection of an added target appear 600 ms after the response.
	// Before it does, another update of the same contact comes.
	LateLeg Hostility = "the added connection appears after another update"
	// LateAnswer withholds the response to an addition until the target has answered and
	// an update has shown it. No update follows.
	LateAnswer Hostility = "the response to an addition comes after the target has answered"
	// RingLimit ends an attempt after a second.
	RingLimit Hostility = "the service ends the attempt after a second"
	// DeadLegs keeps disconnected targets in the snapshot.
	DeadLegs Hostility = "disconnected targets stay in the snapshot"
	// SeveralTargets permits a second target.
	SeveralTargets Hostility = "a second target may be added"
	// RoutedConnected shows agents and queues as connected when they are routed.
	RoutedConnected Hostility = "agents and queues are connected when they are routed"
	// ContactStays keeps a contact whose customer has left.
	ContactStays Hostility = "the contact stays when the customer leaves"
	// Permissive grants a conference without a customer.
	Permissive Hostility = "a conference without a customer is granted"
	// RemovedOutright removes a contact without showing it as ended.
	RemovedOutright Hostility = "the contact is removed without being shown as ended"
	// LeftOnHold keeps a customer on hold when the agent leaves.
	LeftOnHold Hostility = "the customer stays on hold when the agent leaves"
)

// Requests that the service refuses, and its behaviour then.
const (
	AddRefused        Hostility = "an addition is refused"
	ConferenceRefused Hostility = "a conference is refused"
	LeaveRefused      Hostility = "the agent's leaving is refused"
	// ConferenceRefusedOnce refuses only the first conference of a contact.
	ConferenceRefusedOnce Hostility = "the first conference is refused"
	// ConferenceUnheardOnce neither does nor answers the first conference of a contact.
	ConferenceUnheardOnce Hostility = "the first conference is neither done nor answered"
	// AddRefusedYetDialled dials 300 ms after the refusal.
	AddRefusedYetDialled Hostility = "an addition is refused, and the target dialled"
	// HoldRefusedYetDone holds and refuses.
	HoldRefusedYetDone Hostility = "a hold is refused, and done"
	// ConferenceRefusedYetDone connects all and refuses.
	ConferenceRefusedYetDone Hostility = "a conference is refused, and done"
	// LeaveRefusedYetDone lets the agent leave and refuses.
	LeaveRefusedYetDone Hostility = "the agent's leaving is refused, and done"
	// ResumeRefusedOnce refuses the first resume of a contact.
	ResumeRefusedOnce Hostility = "the first resume is refused"
	// ResumeGrantedNotDone grants the first resume of a contact and does nothing.
	ResumeGrantedNotDone Hostility = "the first resume is granted, and not done"
	// ErrorObjects has errors as objects instead of strings, in pages of our own.
	ErrorObjects Hostility = "errors are objects"
)

// What may happen to requests and updates on the way.
const (
	// Unanswered carries out requests and answers nothing.
	Unanswered Hostility = "requests are done and never answered"
	// Unheard neither does nor answers.
	Unheard Hostility = "requests are neither done nor answered"

	Delayed   Hostility = "updates come 400 ms late"
	Dropped   Hostility = "every other update is lost; the snapshot comes again each second"
	Repeated  Hostility = "every update comes twice"
	Reordered Hostility = "of two updates the older comes last; the snapshot comes again each second"
)
