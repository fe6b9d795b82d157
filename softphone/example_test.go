package softphone_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"holdfast/softphone"
)

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ana, err := softphone.Start(softphone.Options{User: "ana", Tone: 440})
	if err != nil {
		log.Fatal(err)
	}
	defer ana.Close()
	ben, err := softphone.Start(softphone.Options{User: "ben", Tone: 620})
	if err != nil {
		log.Fatal(err)
	}
	defer ben.Close()

	ben.Answering(softphone.Behaviour{Do: softphone.Busy})
	_, err = ana.Dial(ctx, ben.URI())
	fmt.Println(err != nil)

	ben.Answering(softphone.Behaviour{After: 100 * time.Millisecond})
	call, err := ana.Dial(ctx, ben.URI())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(call.Recording().AwaitTones(ctx, 620))
	call.HangUp()
	<-call.Ended()
	fmt.Println(call.EndedBy())
	// Output:
	// true
	// <nil>
	// self
}
