// Package switchboard runs contacts: one desk for each, which lets package
// call decide, has the legs plan what that means on the wire, writes it down
// and only then acts. Only who hears whom may come first. It decides nothing
// about a contact itself, and knows nothing of SIP, WebRTC, audio or storage
// beyond the interfaces it declares.
package switchboard
