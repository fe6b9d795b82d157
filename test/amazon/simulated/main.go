// Command simulated is an Amazon Connect to try a page with by hand, without an account. A
// customer talks to the agent, and each line on standard input is an action of a person.
// It carries no audio.
//
//	go run ./test/amazon/simulated
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"holdfast/test/amazon"
)

// listen is where the agent's page is, on this machine only.
const listen = "127.0.0.1:8092"

const invitation = `A customer talks to the agent of a simulated Amazon Connect; Ctrl-C ends it.

The agent's page, for Chromium:  http://localhost:8092/own
examples/amazon-connect:         http://localhost:3000/?ccp=http://localhost:8092/own

Transfer to any phone number, to Cardiology or to Ben. Then type what people do:

  answer     the target answers
  decline    the target declines
  hang up    the customer hangs up
  call       the next customer calls, and the agent answers

Where the customer is:

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdin, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run serves the agent's page until ctx ends.
func run(ctx context.Context, in io.Reader, out io.Writer) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	service := amazon.New()
	service.Talk(false)
	fmt.Fprint(out, invitation)
	go act(service, in, out) // ends with the process
	go showPlaces(ctx, service, out)
	server := http.Server{Handler: service.OwnPages(), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the agent's page: %w", err)
	}
	return nil
}

// act carries out the action on each line of in.
func act(service *amazon.Service, in io.Reader, out io.Writer) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		switch line := lines.Text(); line {
		case "answer":
			service.Answer()
		case "decline":
			service.Decline()
		case "hang up":
			service.HangUp()
		case "call":
			service.Talk(false)
		default:
			fmt.Fprintf(out, "%q is not one of answer, decline, hang up and call\n", line)
		}
	}
}

// showPlaces prints where the customer is, until ctx ends.
func showPlaces(ctx context.Context, service *amazon.Service, out io.Writer) {
	var place string
	for {
		now, err := service.AwaitPlace(ctx, place)
		if err != nil {
			return
		}
		place = now
		fmt.Fprintf(out, "  %s  %s\n", time.Now().Format(time.TimeOnly), place)
	}
}
