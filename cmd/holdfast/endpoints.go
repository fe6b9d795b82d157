package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/call"
	"holdfast/client"
)

func endpointsCommand() *cobra.Command {
	return tableCommand(&cobra.Command{
		Use:   "endpoints",
		Short: "Show the endpoints that a transfer can name",
	}, "NAME\tKIND\tADDRESS", endpointRow, (*client.Client).Endpoints)
}

func endpointRow(e call.Endpoint) string { return fmt.Sprintf("%s\t%s\t%s", e.Name, e.Kind, e.Address) }
