package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/journal"
)

func journalCommand() *cobra.Command {
	var at place
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "Read the journal of a server that is not running",
		Long: `Journal reads the journal of a server. The server must not be running at the
same time. No file is changed. If a part of the journal is damaged,
the commands show the place and everything that can be read, and exit with 1. A
contact is named by its id or as much of it as is unique, or by - when there is
only one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVarP(&at.config, "config", "c", "", "configuration `file` of the server; without it, the built-in configuration")
	cmd.PersistentFlags().StringVar(&at.dir, "data", "", "`directory` of the journal, instead of the configured one")
	cmd.AddCommand(verifyCommand(&at), listCommand(&at), exportCommand(&at))
	return cmd
}

// A place is where a journal is kept, according to the flags.
type place struct{ config, dir string }

// look opens the journal there for reading. It prints the damage, and returns it
// as an error once everything that can be read has been used.
func (p *place) look(cmd *cobra.Command, do func(*journal.Look) error) error {
	dir := p.dir
	if dir == "" {
		c, err := load(p.config)
		if err != nil {
			return err
		}
		dir = c.Journal.Dir
	}
	l, err := journal.LookInto(cmd.Context(), dir)
	if err != nil {
		return err
	}
	defer l.Close() //nolint:errcheck // nothing was written
	for _, d := range l.Damage() {
		cmd.PrintErrln(d)
	}
	if err = do(l); len(l.Damage()) > 0 {
		err = errors.Join(err, fmt.Errorf("the journal is damaged in %s", count(len(l.Damage()), "place")))
	}
	return err
}

func verifyCommand(at *place) *cobra.Command {
	return &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Check that everything in the journal can be read and is true",
		Long: `Verify reads every entry of every contact, those that are over, too. Each must
follow the one before it and hold the true state of the contact: verify plays its
events once more, and they must give the contact that the entry holds. Damaged places and the
first mistakes are shown; with any, the command exits with 1.

Verify with the version of Holdfast that has written the journal: another one may
decide differently.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				at.dir = args[0]
			}
			return at.look(cmd, func(l *journal.Look) error {
				report, err := l.Verify(cmd.Context())
				if err != nil {
					return err
				}
				return tell(cmd, report)
			})
		},
	}
}

// tell prints the findings; mistakes are an error.
func tell(cmd *cobra.Command, r journal.Report) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s (%d live, %d archived), %d entries (%d replaced)\n",
		count(r.Live+r.Archived, "contact"), r.Live, r.Archived, r.Entries, r.Replaced)
	if err != nil || r.Wrong == 0 {
		return err
	}
	for _, m := range r.Mistakes {
		cmd.PrintErrln(m)
	}
	if more := r.Wrong - len(r.Mistakes); more > 0 {
		cmd.PrintErrf("and %d more\n", more)
	}
	return errors.New(count(r.Wrong, "mistake"))
}
