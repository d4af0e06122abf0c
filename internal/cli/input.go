package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"patchbay/abi"
)

// maxInput bounds what is read from a file or standard input.
const maxInput = 16 << 20

// Input is a JSON document given on the command line, in a file, or on standard input.
type Input struct{ text string }

// Flag adds --input to c.
func (in *Input) Flag(c *cobra.Command) {
	c.Flags().StringVarP(&in.text, "input", "i", "", "input as JSON, @FILE, or - for standard input (default {})")
}

// Read returns the document, {} when none was given. What is not JSON is a usage error.
func (in *Input) Read(s *Streams) (json.RawMessage, error) {
	data := []byte(in.text)
	var err error
	switch {
	case in.text == "":
		return json.RawMessage("{}"), nil
	case in.text == "-":
		data, err = readAll(s.In, "standard input")
	case in.text[0] == '@':
		data, err = readFile(in.text[1:])
	}
	if err != nil {
		return nil, WithExit(fmt.Errorf("--input: %w", err), ExitUsage)
	}
	data = bytes.TrimSpace(data)
	if err := abi.CheckJSON(data); err != nil {
		return nil, Hint(WithExit(fmt.Errorf("--input: %w", err), ExitUsage), `give JSON in single quotes, as in --input '{"name": "Ada"}', or --input @file.json`)
	}
	return data, nil
}

// Values are a connection's fields and secrets given by flags.
type Values struct {
	fields  []string
	secrets []string
}

// Flags adds --field and --secret to c.
func (v *Values) Flags(c *cobra.Command) {
	c.Flags().StringArrayVarP(&v.fields, "field", "f", nil, "connection field as NAME=VALUE")
	c.Flags().StringArrayVarP(&v.secrets, "secret", "s", nil, "secret field as NAME=@FILE, NAME=- for standard input, or NAME to be asked")
}

// Read returns all values by name. A secret that was typed on the command line is refused: other users of the
// machine could see it, and the shell's history would keep it.
func (v *Values) Read(s *Streams) (map[string]string, error) {
	values := map[string]string{}
	for _, f := range v.fields {
		name, value, ok := strings.Cut(f, "=")
		if !ok || name == "" {
			return nil, Usage("--field: want NAME=VALUE")
		}
		values[name] = value
	}
	for _, f := range v.secrets {
		name, source, given := strings.Cut(f, "=")
		secret, err := s.secret(name, source, given)
		if err != nil {
			return nil, err
		}
		values[name] = secret
	}
	return values, nil
}

func (s *Streams) secret(name, source string, given bool) (string, error) {
	switch {
	case name == "":
		return "", Usage("--secret: want NAME=@FILE, NAME=- or NAME")
	case !given && s.Interactive():
		return s.AskSecret(name)
	case !given:
		return "", Hint(Usage("--secret %s: there is no terminal to ask on", name), "give --secret %s=@FILE, or --secret %s=- and write it to standard input", name, name)
	}
	return s.ReadSecret("--secret "+name, "--secret "+name+"=", source)
}

// ReadSecret returns the secret that a flag gave as @FILE, or as - for standard input, without line feeds at its
// end. Whatever else was given is refused: it stood on the command line. Errors name the flag; typed is what
// stands before the source when it is typed.
func (s *Streams) ReadSecret(flag, typed, source string) (string, error) {
	var data []byte
	var err error
	switch {
	case source == "-":
		data, err = readAll(s.In, "standard input")
	case strings.HasPrefix(source, "@"):
		data, err = readFile(source[1:])
	default:
		return "", Hint(Usage("%s: a secret must not stand on the command line", flag), "put it in a file and give %s@FILE", typed)
	}
	if err != nil {
		return "", WithExit(fmt.Errorf("%s: %w", flag, err), ExitUsage)
	}
	value := strings.TrimRight(string(data), "\r\n")
	if value == "" { // standard input is, for whoever reads it second
		return "", Usage("%s: its source is empty", flag)
	}
	return value, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, path)
}

func readAll(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err == nil && len(data) > maxInput {
		err = fmt.Errorf("%s has more than %d bytes", name, maxInput)
	}
	return data, err
}
