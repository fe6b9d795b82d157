// Command holdfast runs the Holdfast server and speaks to a running one.
package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"holdfast/client"
)

func main() { os.Exit(run()) }

// run is main, for tests that run the command in their own process's place.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if cmd, err := rootCommand().ExecuteContextC(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "holdfast: "+explain(cmd, err))
		return 1
	}
	return 0
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "holdfast",
		Short: "Transfer a call from one person to the next, and never lose it",
		Long: `Holdfast is a call-transfer server. "holdfast serve" runs it, "holdfast journal"
reads its journal; the other commands send requests to a running server.
A contact is named by its id or as much of it as is unique, by the name of the
agent who talks in it, or by - when there is only one.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().String("server", serverDefault(), "`URL` of the server; HOLDFAST_SERVER in the environment sets it, too")
	root.PersistentFlags().String("key-file", "", "`file` with one of the server's keys; HOLDFAST_KEY in the environment sets the key itself")
	root.PersistentFlags().String("ca-file", os.Getenv("HOLDFAST_CA"), "PEM `file` with the server's certificate or its root, instead of those this machine trusts; HOLDFAST_CA in the environment names it too")
	root.AddCommand(
		serveCommand(), checkCommand(), configCommand(), passwordCommand(), demoCommand(), versionCommand(),
		journalCommand(), whatIfCommand(),
		endpointsCommand(), agentsCommand(), queuesCommand(), traceCommand(),
		contactsCommand(), holdCommand(), resumeCommand(), endCommand(), pickUpCommand(),
		muteCommand(), digitsCommand(), recordCommand(),
		transferCommand(), cancelCommand(), leaveCommand(), swapCommand(), conferenceCommand(), completeCommand(),
	)
	sayUsage(root)
	return root
}

// sayUsage adds the usage to the error of every command that gets too few or
// too many arguments.
func sayUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return fmt.Errorf("%w\nusage: %s", err, cmd.UseLine())
			}
			return nil
		}
	}
	for _, one := range cmd.Commands() {
		sayUsage(one)
	}
}

// explain is a command's error with advice.
func explain(cmd *cobra.Command, err error) string {
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return err.Error() + "\nif this machine does not trust the server's certificate, name a file with it by --ca-file or HOLDFAST_CA"
	}
	if errors.Is(err, client.ErrNoServer) {
		return err.Error() + "\nis `holdfast serve` running there? set its address with --server or HOLDFAST_SERVER"
	}
	var refused *client.Problem
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		if file, err := cmd.Flags().GetString("key-file"); err == nil {
			if key, _ := keyOf(file); key != "" {
				return "the server refused this key; set one of its keys with HOLDFAST_KEY or --key-file"
			}
		}
		return "the server requires a key; set it with HOLDFAST_KEY or --key-file"
	}
	return err.Error()
}
