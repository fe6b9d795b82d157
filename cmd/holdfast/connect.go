package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
)

func serverDefault() string {
	return cmp.Or(os.Getenv("HOLDFAST_SERVER"), "http://127.0.0.1:8080")
}

// connect is the client of the server that the command's flags name.
func connect(cmd *cobra.Command) (*client.Client, error) {
	server, err := cmd.Flags().GetString("server")
	if err != nil {
		return nil, err
	}
	if !strings.Contains(server, "://") {
		server = "http://" + server
	}
	return client.New(server), nil
}

// find is the live contact that a person means.
func find(ctx context.Context, c *client.Client, written string) (call.Contact, error) {
	contacts, err := c.Contacts(ctx)
	if err != nil {
		return call.Contact{}, err
	}
	return choose(contacts, written)
}

func choose(contacts []call.Contact, written string) (call.Contact, error) {
	if len(contacts) == 0 {
		return call.Contact{}, errors.New("no contact is live")
	}
	var meant []call.Contact
	for _, c := range contacts {
		if string(c.ID) == written {
			return c, nil
		}
		if written == "-" || strings.HasPrefix(string(c.ID), written) {
			meant = append(meant, c)
		}
	}
	switch len(meant) {
	case 0:
		return call.Contact{}, fmt.Errorf("no contact begins with %q; live are %s", written, ids(contacts))
	case 1:
		return meant[0], nil
	}
	return call.Contact{}, fmt.Errorf("%q could be any of %s; say which", written, ids(meant))
}

// ids lists contacts for a sentence; of many, the first few.
func ids(contacts []call.Contact) string {
	const few = 5
	var list []string
	for _, c := range contacts[:min(few, len(contacts))] {
		list = append(list, string(c.ID))
	}
	if more := len(contacts) - few; more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}

// contactCommand is a command about one live contact, named by its first
// argument. do says what has become of it.
func contactCommand(cmd *cobra.Command, do func(context.Context, *client.Client, call.Contact, []string) (string, error)) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := connect(cmd)
		if err != nil {
			return err
		}
		contact, err := find(cmd.Context(), c, args[0])
		if err != nil {
			return err
		}
		said, err := do(cmd.Context(), c, contact, args[1:])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), said)
		return err
	}
	return cmd
}
