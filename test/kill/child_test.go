package kill

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"holdfast"
	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/sipleg"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// The test binary is also the server that is killed: a child process in whose
// environment configEnv names a configuration.
const (
	configEnv  = "HOLDFAST_KILL_CONFIG"
	pointEnv   = "HOLDFAST_KILL_POINT"   // where it dies (see readDooms); empty: nowhere
	faultEnv   = "HOLDFAST_KILL_FAULT"   // one of plants; empty: none
	journalEnv = "HOLDFAST_KILL_JOURNAL" // a cluster to write to; empty: as configured
)

// atOnce is how many cells are played at the same time, whatever the number of
// processors: most of the time they wait.
const atOnce = "6"

func TestMain(m *testing.M) {
	if file := os.Getenv(configEnv); file != "" {
		if err := serve(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	go machine.Beat(context.Background()) // ends with the process
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// serve runs a server until its standard input ends, which it does at the
// latest with the test that started it. What happens is told on standard
// output, a line each.
func serve(file string) error {
	conf, err := config.Load(file)
	if err != nil {
		return err
	}
	dooms, err := readDooms(os.Getenv(pointEnv))
	if err != nil {
		return err
	}
	fault, err := readPlant(os.Getenv(faultEnv))
	if err != nil {
		return err
	}
	trouble := &trouble{}
	options := holdfast.Options{Config: conf, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	holdfasttest.WatchJournal(&options, func(j holdfast.Journal) holdfast.Journal {
		j = slowDisk(j, filepath.Dir(file))
		return doomed{doomedJournal{fault.journal(trouble.wrap(j)), dooms[contacts]}, doomedStore{j, dooms}, j}
	})
	holdfasttest.WatchSIP(&options, func(s holdfast.SIPTransport) holdfast.SIPTransport {
		return sending{s, fault.sender(watchedSender{s})}
	})
	server, err := holdfast.Start(context.Background(), options)
	if err != nil {
		return err
	}
	stopAtTerm(server)
	fmt.Println("ready")
	for commands := bufio.NewScanner(os.Stdin); commands.Scan(); {
		if err := trouble.obey(commands.Text()); err != nil {
			return err
		}
		fmt.Println("did", commands.Text())
	}
	return server.Close(context.Background())
}

// stopAtTerm stops the server, and the process, when a SIGTERM comes.
func stopAtTerm(server *holdfast.Server) {
	terms := make(chan os.Signal, 1)
	signal.Notify(terms, syscall.SIGTERM)
	go func() { // ends with the process
		<-terms
		fmt.Println("stopping")
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // as holdfast serve does
		defer cancel()
		if err := server.Close(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}()
}

// doomed is a journal whose contacts and stored items may die on their own.
type doomed struct {
	switchboard.Journal
	switchboard.Store
	rest
}

// rest is what a journal has besides.
type rest interface {
	io.Closer
	Stop()
	Damage() []string
}

// sending is a SIP transport that another sender sends for.
type sending struct {
	holdfast.SIPTransport
	sender sipleg.Sender
}

func (s sending) Send(m sipua.Message) error { return s.sender.Send(m) }
