package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"patchbay/bundle"
	"patchbay/internal/cli"
)

type keyLine struct {
	Publisher   string `json:"publisher,omitempty"` // whose key it is,
	Certifier   string `json:"certifier,omitempty"` // or whose
	Fingerprint string `json:"fingerprint"`
	Public      string `json:"public"`
	File        string `json:"file"`
}

func newKeys(s *cli.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: "List the publishers' and certifiers' keys that you hold",
		Long: `Keys lists the signing keys in PATCHBAY_HOME/keys by the name that they are bound to, with the fingerprint that users
see when they install, and the public half. A private key is never printed.`,
		Example: `  $ pack keys
  $ pack keys new acme`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error { return runKeys(s) },
	}
	c.AddCommand(&cobra.Command{
		Use:     "new PUBLISHER",
		Short:   "Make a publisher's key",
		Example: `  $ pack keys new acme`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runKeysNew(s, args[0]) },
	})
	return c
}

func runKeys(s *cli.Streams) error {
	home, err := cli.Home()
	if err != nil {
		return err
	}
	lines := []keyLine{}
	for _, dir := range []string{cli.KeyDir(home), cli.CertifierKeyDir(home)} {
		keys, err := readKeys(dir)
		if err != nil {
			return err
		}
		for _, k := range keys {
			l := line(k.Key, k.file)
			if dir != cli.KeyDir(home) {
				l.Certifier, l.Publisher = l.Publisher, ""
			}
			lines = append(lines, l)
		}
	}
	return s.Print(lines, func(w io.Writer) {
		if len(lines) == 0 {
			fmt.Fprintln(w, "no keys yet: 'pack publish' makes one, or 'pack keys new PUBLISHER'")
			return
		}
		var rows [][]string
		for _, l := range lines {
			role := "publisher"
			if l.Certifier != "" {
				role = "certifier"
			}
			rows = append(rows, []string{l.Publisher + l.Certifier, l.Fingerprint, role, l.File})
		}
		cli.Table(w, []string{"name", "fingerprint", "role", "file"}, rows)
	})
}

// heldKey is a key and the file it was read from.
type heldKey struct {
	*bundle.Key
	file string
}

// readKeys returns the keys in a folder, by name.
func readKeys(dir string) ([]heldKey, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.key"))
	if err != nil {
		return nil, err
	}
	var keys []heldKey
	for _, f := range files {
		k, err := bundle.ReadKey(f)
		if err != nil {
			return nil, err
		}
		keys = append(keys, heldKey{k, f})
	}
	return keys, nil
}

func runKeysNew(s *cli.Streams, publisher string) error {
	if !bundle.ValidName(publisher) {
		return cli.Usage("publisher %q: use lower-case letters, digits and, within, hyphens", publisher)
	}
	home, err := cli.Home()
	if err != nil {
		return err
	}
	path := filepath.Join(cli.KeyDir(home), publisher+".key")
	if _, err := bundle.ReadKey(path); err == nil {
		return cli.Hint(errors.New("there is a key for "+publisher+" already"), "'pack keys' lists it; a publisher has one key")
	}
	k, err := publisherKey(&cli.Streams{JSON: true}, home, publisher)
	if err != nil {
		return err
	}
	return s.Print(line(k, path), func(w io.Writer) {
		fmt.Fprintf(w, "made %s\n  fingerprint  %s\n  public       %s\n", path, k.Public().Fingerprint(), k.Public())
	})
}

func line(k *bundle.Key, file string) keyLine {
	p := k.Public()
	return keyLine{Publisher: p.Publisher(), Fingerprint: p.Fingerprint(), Public: strings.TrimSpace(p.String()), File: file}
}
