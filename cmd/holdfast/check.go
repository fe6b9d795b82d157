package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/config"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Check a configuration file and list its mistakes",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(args[0])
			var mistakes config.Mistakes
			if errors.As(err, &mistakes) {
				cmd.PrintErrln(mistakes)
				return fmt.Errorf("%s", count(len(mistakes), "mistake"))
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is right: %s, %s, %s, %s, %s\n", args[0],
				count(len(c.Trunks), "trunk"), count(len(c.Agents), "agent"),
				count(len(c.Queues), "queue"), count(len(c.Routes), "route"), count(len(c.Endpoints), "endpoint"))
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
