package call

import "testing"

func TestReaches(t *testing.T) {
	number := Endpoint{Kind: PhoneNumber, Address: "+493012345"}
	for _, test := range []struct {
		address string
		to      Endpoint
		want    bool
	}{
		{"sip:+493012345@192.0.2.9", number, true},
		{"sip:+493012345@192.0.2.9:5080;transport=tcp", number, true},
		{"sip:+4930123456@192.0.2.9", number, false},
		{"sip:+49301234@192.0.2.9", number, false},
		{"sip:carla@192.0.2.9", number, false},
		{"sip:carla@192.0.2.9;transport=tcp", Endpoint{Kind: URI, Address: "sip:Carla@192.0.2.9"}, true},
		{"sip:carla@192.0.2.9", Endpoint{Kind: URI, Address: "sip:carla@192.0.2.9:5080"}, false},
		{"carla", Endpoint{Kind: AgentEndpoint, Address: "carla"}, false},
	} {
		e := Endpoint{Kind: URI, Address: test.address}
		if e.reaches(test.to) != test.want || test.to.reaches(e) != test.want {
			t.Errorf("%s reaches %s: want %t", e, test.to, test.want)
		}
	}
}
