package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
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
	c := client.New(server)
	if err := trust(cmd, c); err != nil {
		return nil, err
	}
	file, err := cmd.Flags().GetString("key-file")
	if err != nil {
		return nil, err
	}
	key, err := keyOf(file)
	if err != nil {
		return nil, err
	}
	c.UseKey(key)
	return c, nil
}

// trust makes the client accept the certificates in the file that --ca-file
// names.
func trust(cmd *cobra.Command, c *client.Client) error {
	file, err := cmd.Flags().GetString("ca-file")
	if err != nil || file == "" {
		return err
	}
	certificates, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the certificates to trust: %w", err)
	}
	if err := c.Trust(certificates); err != nil {
		return fmt.Errorf("reading the certificates to trust in %s: %w", file, err)
	}
	return nil
}

// keyOf reads the key from the file, or the environment. No flag takes a key
// itself: every user of the machine can read the arguments of a command.
func keyOf(file string) (string, error) {
	if file == "" {
		return os.Getenv("HOLDFAST_KEY"), nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the key: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
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
	all := ids(contacts)
	if of := contactsOf(contacts, written); len(of) > 0 && !slices.Contains(all, call.ContactID(written)) {
		if len(of) > 1 {
			return call.Contact{}, fmt.Errorf("%s is in %s; say which", written, few(ids(of)))
		}
		return of[0], nil
	}
	id, err := pick(all, written, "live")
	switch {
	case err != nil && written == "-" && len(all) > 1:
		return call.Contact{}, fmt.Errorf("%w, or name its agent", err)
	case err != nil:
		return call.Contact{}, err
	}
	return contacts[slices.Index(all, id)], nil
}

func ids(contacts []call.Contact) []call.ContactID {
	var all []call.ContactID
	for _, c := range contacts {
		all = append(all, c.ID)
	}
	return all
}

// contactsOf are the contacts in which an agent is or, when there are none, those
// for which the agent is responsible: their transfer rings, or they are parked.
func contactsOf(contacts []call.Contact, agent string) []call.Contact {
	is := func(e call.Endpoint) bool {
		return e.Kind == call.AgentEndpoint && strings.EqualFold(e.Address, agent)
	}
	var in, theirs []call.Contact
	for _, c := range contacts {
		switch {
		case slices.ContainsFunc(c.Connections, func(x call.Connection) bool { return is(x.Endpoint) }):
			in = append(in, c)
		case is(c.Agent):
			theirs = append(theirs, c)
		}
	}
	if len(in) > 0 {
		return in
	}
	return theirs
}

// pick is the one of all contacts that a person means; are describes them, such
// as "live".
func pick(all []call.ContactID, written, are string) (call.ContactID, error) {
	if len(all) == 0 {
		return "", fmt.Errorf("no contact is %s", are)
	}
	var meant []call.ContactID
	for _, id := range all {
		if string(id) == written {
			return id, nil
		}
		if written == "-" || strings.HasPrefix(string(id), written) {
			meant = append(meant, id)
		}
	}
	switch len(meant) {
	case 0:
		return "", fmt.Errorf("no contact begins with %q; %s are %s", written, are, few(all))
	case 1:
		return meant[0], nil
	}
	return "", fmt.Errorf("%q could be any of %s; say which", written, few(meant))
}

// few lists contacts for a sentence; of many, only some.
func few(contacts []call.ContactID) string {
	const most = 5
	var list []string
	for _, id := range contacts[:min(most, len(contacts))] {
		list = append(list, string(id))
	}
	if more := len(contacts) - most; more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, ", ")
}

// contactCommand is a command about one live contact, named by its first
// argument. do returns the line to print.
func contactCommand(cmd *cobra.Command, do func(context.Context, *client.Client, call.Contact, []string) (string, error)) *cobra.Command {
	if cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = offer(liveContacts)
	}
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
