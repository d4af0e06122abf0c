package cli

import (
	"errors"
	"strings"

	"patchbay/host"
	"patchbay/manifest"
)

// RefuseSecrets refuses a secret that was given with --field: it stood on the command line.
func (v *Values) RefuseSecrets(fields []manifest.Field) error {
	for _, given := range v.fields {
		name, _, _ := strings.Cut(given, "=")
		for _, f := range fields {
			if f.Secret && f.Name == name {
				return Hint(Usage("--field %s: a secret must not stand on the command line", name),
					"put it in a file and give --secret %s=@FILE; the one that was typed is in your shell's history", name)
			}
		}
	}
	return nil
}

// ExplainFields adds to an error about a connection's fields which flags give what is missing, and makes it
// one of a command that was typed wrongly.
func ExplainFields(err error) error {
	var fe *host.FieldError
	if !errors.As(err, &fe) {
		return err
	}
	var flags []string
	for _, f := range fe.Missing {
		if f.Secret {
			flags = append(flags, "--secret "+f.Name+"=@FILE")
		} else {
			flags = append(flags, "--field "+f.Name+"=…")
		}
	}
	err = WithExit(err, ExitUsage)
	if len(flags) == 0 {
		return err
	}
	return Hint(err, "add %s", strings.Join(flags, " "))
}

// ShellQuote makes text one word of a POSIX shell, to be shown in a command for a person to paste.
func ShellQuote(text string) string {
	return "'" + strings.ReplaceAll(Clean(text), "'", `'\''`) + "'"
}
