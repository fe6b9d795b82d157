package docs

import "strings"

// commandLines returns the commands of a piece of shell, without comments: lines that
// end in a backslash are joined, and what follows a here-document is left out.
func commandLines(shell string) (lines []string) {
	joined := strings.ReplaceAll(shell, "\\\n", " ")
	until := ""
	for line := range strings.Lines(joined) {
		line = strings.TrimSpace(line)
		switch {
		case until != "":
			if line == until {
				until = ""
			}
		case line != "" && !strings.HasPrefix(line, "#"):
			lines = append(lines, line)
			if _, after, found := strings.Cut(line, "<<"); found {
				until = strings.Trim(strings.Fields(after)[0], `'"-`)
			}
		}
	}
	return lines
}

// commandsIn splits a line of shell into its commands, and each of them into words.
// Redirections and assignments of variables are left out.
func commandsIn(line string) (commands [][]string) {
	var words []string
	end := func() {
		for len(words) > 0 && isAssignment(words[0]) {
			words = words[1:]
		}
		if len(words) > 0 {
			commands = append(commands, words)
		}
		words = nil
	}
	rest := line
	for rest != "" {
		var word string
		word, rest = nextWord(strings.TrimLeft(rest, " \t"))
		switch {
		case word == "" || strings.HasPrefix(word, "#"):
			rest = ""
		case strings.Contains("|&;()", word[:1]), word == "<(", word == "$(":
			end()
		case strings.HasPrefix(word, ">"), strings.HasPrefix(word, "<"):
			if strings.Trim(word, "<>&12") == "" {
				_, rest = nextWord(strings.TrimLeft(rest, " \t"))
			}
		default:
			words = append(words, word)
		}
	}
	end()
	return commands
}

// nextWord cuts one word off, without its quotes, or one operator.
func nextWord(s string) (word, rest string) {
	for _, operator := range []string{"<(", "$(", "&&", "||", "|", ";", "(", ")", "&"} {
		if after, found := strings.CutPrefix(s, operator); found {
			return operator, after
		}
	}
	var out strings.Builder
	quote := byte(0)
	for n := range len(s) {
		c := s[n]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			out.WriteByte(c)
		case strings.HasPrefix(s[n:], "$("):
			return out.String(), s[n:]
		case c == '\'' || c == '"':
			quote = c
		case strings.IndexByte(" \t;|)", c) >= 0:
			return out.String(), s[n:]
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), ""
}

func isAssignment(word string) bool {
	name, _, found := strings.Cut(word, "=")
	return found && name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == ""
}
