package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/client"
	"holdfast/routing"
)

func queuesCommand() *cobra.Command {
	return tableCommand(&cobra.Command{
		Use:   "queues",
		Short: "Show the queues and the customers waiting in them",
	}, "QUEUE\tAGENTS\tWAITING", queueRow, (*client.Client).Queues)
}

func queueRow(q routing.Queue) string {
	var waiting []string
	for _, who := range q.Entries {
		said := fmt.Sprintf("%s for %s", who.Contact, age(who.Since))
		if who.OfferedTo != "" {
			said += ", offered to " + who.OfferedTo
		}
		waiting = append(waiting, said)
	}
	return fmt.Sprintf("%s\t%s\t%s", q.Name, strings.Join(q.Agents, " "), cmp.Or(strings.Join(waiting, "; "), "nobody"))
}
