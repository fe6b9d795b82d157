package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"holdfast/password"
)

func passwordCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "password",
		Short: "Hash a password, for an agent's login in the configuration",
		Long: `Reads a password, from the terminal without showing it or else the first line of
the standard input, and prints its hash:

    [[agent]]
    name = "ana"
    login = "$argon2id$…"

The password itself is kept nowhere.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			word, err := readPassword(cmd)
			if err != nil {
				return err
			}
			hash, err := password.New(word)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), hash.PHC())
			return err
		},
	}
}

func readPassword(cmd *cobra.Command) (string, error) {
	in, isFile := cmd.InOrStdin().(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), password.Longest+2)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	word, err := askPassword(cmd, in, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := askPassword(cmd, in, "The same again: ")
	if err != nil {
		return "", err
	}
	if word != again {
		return "", errors.New("the two passwords differ")
	}
	return word, nil
}

func askPassword(cmd *cobra.Command, terminal *os.File, question string) (string, error) {
	cmd.PrintErr(question)
	word, err := term.ReadPassword(int(terminal.Fd()))
	cmd.PrintErrln()
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return string(word), nil
}
