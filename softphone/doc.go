// Package softphone is a telephone: it speaks SIP and RTP on real sockets,
// plays a tone, records the audio it hears, and finds in the recording which
// tones were heard when. It never looks inside the server it calls; all its
// knowledge came in over the network.
//
//	ana, err := softphone.Start(softphone.Options{User: "ana", Tone: 440})
//	ben, err := softphone.Start(softphone.Options{User: "ben", Tone: 620})
//	ben.Answering(softphone.Behaviour{After: time.Second})
//
//	call, err := ana.Dial(ctx, ben.URI())
//	err = call.Recording().AwaitTones(ctx, 620)
//	call.HangUp()
//	fmt.Println(call.Recording().Summary(softphone.Voices{620: "ben"}))
//	// 0.0–0.2s ben
package softphone
