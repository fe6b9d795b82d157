package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"holdfast/call"
	"holdfast/client"
)

// A cold transfer over HTTP, waiting for its outcome.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := client.New("http://127.0.0.1:8080")
	contacts, err := c.Contacts(ctx)
	if err != nil || len(contacts) == 0 {
		log.Fatal("no contact: ", err)
	}
	t, err := c.Transfer(ctx, contacts[0].ID, client.TransferRequest{Target: "cardiology", Wait: 30 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	if t.Outcome == call.Completed {
		fmt.Println("the customer is with", t.Target())
	} else {
		fmt.Println("the customer is on hold with the agent:", t.Reason)
	}
}
