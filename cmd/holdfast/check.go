package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/directory"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Say whether a configuration file is right, and what is wrong with it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := directory.Load(args[0])
			var mistakes directory.Mistakes
			if errors.As(err, &mistakes) {
				cmd.PrintErrln(mistakes)
				return fmt.Errorf("%s", count(len(mistakes), "mistake"))
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is right: %s, %s, %s, %s, %s\n", args[0],
				count(len(config.Trunks), "trunk"), count(len(config.Agents), "agent"),
				count(len(config.Queues), "queue"), count(len(config.Routes), "route"), count(len(config.Endpoints), "endpoint"))
			return err
		},
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
