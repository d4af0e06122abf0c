// Package hunks changes a text as a diff says, but for line numbers, which nobody keeps right by hand. Fixtures of rules
// and broken variants of connectors are written with it.
package hunks

import (
	"fmt"
	"maps"
	"strings"
)

// Apply changes a text. Hunks are separated by empty lines; in each, lines that begin with "-" go, those with "+" come,
// and those with " " stay. What goes and stays must be in the text once, together.
func Apply(text, hunks string) (string, error) {
	for hunk := range strings.SplitSeq(strings.Trim(hunks, "\n"), "\n\n") {
		var old, made strings.Builder
		for line := range strings.SplitSeq(strings.Trim(hunk, "\n"), "\n") {
			switch {
			case strings.HasPrefix(line, "-"):
				old.WriteString(line[1:] + "\n")
			case strings.HasPrefix(line, "+"):
				made.WriteString(line[1:] + "\n")
			default:
				old.WriteString(strings.TrimPrefix(line, " ") + "\n")
				made.WriteString(strings.TrimPrefix(line, " ") + "\n")
			}
		}
		if n := strings.Count("\n"+text, "\n"+old.String()); n != 1 && old.Len() > 0 || old.Len() == 0 && text != "" {
			return "", fmt.Errorf("this is there %d times, want once:\n%s", n, old.String())
		}
		text = strings.TrimPrefix(strings.Replace("\n"+text, "\n"+old.String(), "\n"+made.String(), 1), "\n")
	}
	return text, nil
}

// Overlay lays files over others: NAME.edit holds hunks for NAME, NAME.delete takes NAME away, any other replaces.
func Overlay(files, over map[string]string) (map[string]string, error) {
	all := maps.Clone(files)
	for name, text := range over {
		base, isEdit := strings.CutSuffix(name, ".edit")
		gone, isDelete := strings.CutSuffix(name, ".delete")
		switch _, there := all[gone]; {
		case isDelete && !there:
			return nil, fmt.Errorf("%s is not there", gone)
		case isDelete:
			delete(all, gone)
		case isEdit:
			made, err := Apply(all[base], text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", base, err)
			}
			all[base] = made
		default:
			all[name] = text
		}
	}
	return all, nil
}
