// Command embedding runs a server in this process and hands a caller over.
package main

import (
	"context"
	"log"

	"holdfast/call"
	"holdfast/holdfasttest"
)

func main() {
	if err := holdfasttest.Try(context.Background(), func(t holdfasttest.T) {
		bed := holdfasttest.Start(t, nil) // a holdfast.Server, and people with phones
		bed.Talk()                        // the customer calls, and ana answers
		target := call.Endpoint{Kind: call.URI, Address: bed.Phone("cardiology").URI()}
		ask := call.TransferRequested{By: 2, Kind: call.Cold, Target: target}
		if _, err := bed.Server.Request(t.Context(), bed.Contact, ask); err != nil {
			t.Fatalf("asking for the transfer: %v", err)
		}
		log.Println("transfer", bed.Settled().Past[0].Outcome)
	}); err != nil {
		log.Fatal(err)
	}
}
