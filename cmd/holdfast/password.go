package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"holdfast/password"
)

// fewCharacters is the length below which a password is easy to guess.
const fewCharacters = 8

func passwordCommand() *cobra.Command {
	var bare bool
	cmd := &cobra.Command{
		Use:   "password",
		Short: "Hash a password, for an agent's login in the configuration",
		Long: `Reads a password, from the terminal without showing it or else the first line of
the standard input, and prints the line that an agent with this login needs:

    [[agent]]
    name = "ana"
    login = "$argon2id$…"

The password itself is not stored.`,
		Example: "  holdfast password\n  holdfast password --bare > ana.login    # login_file = \"ana.login\"",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			word, err := readPassword(cmd)
			if err != nil {
				return err
			}
			if word == "" {
				return errors.New("the password is empty")
			}
			hash, err := password.New(word)
			if err != nil {
				return err
			}
			if utf8.RuneCountInString(word) < fewCharacters {
				cmd.PrintErrf("warning: a password of fewer than %d characters is easy to guess\n", fewCharacters)
			}
			line := "login = " + strconv.Quote(hash.PHC())
			if bare {
				line = hash.PHC()
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), line)
			return err
		},
	}
	cmd.Flags().BoolVar(&bare, "bare", false, "print the hash alone, for a login_file or a variable of the environment")
	return cmd
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
