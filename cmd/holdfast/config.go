package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/config"
)

func configCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "Print the built-in configuration, which is its own manual",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), config.Manual())
			return err
		},
	}
}
