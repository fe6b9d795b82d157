package holdfast

import (
	"holdfast/call"
	"holdfast/media"
	"holdfast/switchboard"
)

// rooms is the media engine as the switchboard wants it.
type rooms struct{ *media.Engine }

// Room implements switchboard.Rooms.
func (r rooms) Room(id call.ContactID) switchboard.Room { return r.Engine.Room(id) }
