package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"patchbay/build"
	"patchbay/contract"
	"patchbay/internal/cli"
	"patchbay/manifest"
)

func newDiff(s *cli.Streams) *cobra.Command {
	var root string
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say what changed between two versions, and how much the number must grow",
		Long: `Diff compares two versions of a connector: what its operations take and give, what it may reach, how connections
prove who they are, and the rest of what others rely on. Each of OLD and NEW is a folder, a bundle, or a name in the
registry. docs/versions.md says what needs which number.

It exits with 3 when NEW's version is too small for what changed.`,
		Example: `  $ pack diff acme/desk@1.2.0 .
  $ pack diff dist/desk-1.2.0.bundle dist/desk-1.3.0.bundle --json`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return runDiff(c.Context(), s, args[0], args[1], root) },
	}
	c.Flags().StringVar(&root, "registry", "", "registry folder (default PATCHBAY_HOME/registry)")
	return c
}

func runDiff(ctx context.Context, s *cli.Streams, before, after, root string) error {
	old, err := described(ctx, before, root)
	if err != nil {
		return err
	}
	new, err := described(ctx, after, root)
	if err != nil {
		return err
	}
	from, errOld := manifest.ParseVersion(old.Version)
	to, errNew := manifest.ParseVersion(new.Version)
	if err := errors.Join(errOld, errNew); err != nil {
		return err
	}
	d := contract.Compare(old, new)
	least := old.Version
	if d.Level > contract.None {
		least = contract.Least(from, d.Level)
	}
	tooSmall := d.Allows(from, to)
	result := struct {
		Old   string `json:"old"`
		New   string `json:"new"`
		Least string `json:"least"`
		OK    bool   `json:"ok"`
		contract.Diff
	}{old.Ref() + "@" + old.Version, new.Ref() + "@" + new.Version, least, tooSmall == nil, d}
	if err := s.Print(result, func(w io.Writer) { writeDiff(w, result.Old, result.New, least, d) }); err != nil {
		return err
	}
	return cli.WithExit(tooSmall, cli.ExitFindings)
}

func writeDiff(w io.Writer, old, new, least string, d contract.Diff) {
	last := contract.None
	for _, c := range d.Changes {
		if c.Level != last {
			fmt.Fprintf(w, "%s\n", c.Level)
			last = c.Level
		}
		asked := ""
		if c.Consent {
			asked = "  (an admin is asked)"
		}
		fmt.Fprintf(w, "  %s: %s%s\n", cli.Clean(c.Place), cli.Clean(c.Reason), asked)
	}
	if d.Level == contract.None {
		fmt.Fprintf(w, "%s to %s: nothing that others rely on has changed\n", old, new)
		return
	}
	fmt.Fprintf(w, "%s to %s: a %s change, the least version is %s\n", old, new, d.Level, least)
}

// described reads a manifest. A folder's guest is not built for it.
func described(ctx context.Context, arg, root string) (*manifest.Manifest, error) {
	if _, err := os.Stat(filepath.Join(arg, build.ManifestFile)); err == nil {
		m, err := build.Manifest(arg)
		return m, explain(arg, err)
	}
	b, err := find(ctx, arg, root)
	if err != nil {
		return nil, err
	}
	return b.Manifest(), nil
}
