// Package switchboard runs contacts: one desk for each, which lets package
// call decide, makes the legs plan the messages for that, writes it all down
// and only then acts. Only the audio may come first. It decides nothing about
// a contact itself, and knows nothing of SIP, WebRTC, audio or storage beyond
// the interfaces it declares.
package switchboard
