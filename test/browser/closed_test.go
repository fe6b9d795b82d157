package browser

import (
	"testing"

	"holdfast/call"
)

// closed has the agent close the page in talk and come back after their place was
// kept in vain: the page shows the parked customer, and they talk again.
func closed(t *testing.T) {
	s := openStage(t, impatient+"grace = \"2s\"\n")
	s.opens("ana", false)
	s.scene("in talk, until the customer is parked", func(r *row) {
		s.talk()
		s.ana.tab.Close()
		s.hears("customer", "hold audio")
		s.stage(call.Parked)
		s.hears("customer", "park audio")
		s.ana.open(false)
		s.ana.isThere()
		s.ana.reads("A customer is parked: ")
		s.ana.reads("Your audio was lost; the customer is parked.")
		r.told = "Your audio was lost; the customer is parked."
		s.ana.shot("parked")
		s.ana.desk().Click("#parked button")
		s.meet("customer", "ana")
		s.ana.shot("picked up")
		r.ended = "parked, then picked up"
		s.HangUp("customer")
		s.over()
	})
}
