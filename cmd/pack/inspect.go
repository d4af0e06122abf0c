package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"patchbay/abi"
	"patchbay/bundle"
	"patchbay/internal/cli"
	"patchbay/manifest"
	"patchbay/registry"
	"patchbay/wasm"
)

func newInspect(s *cli.Streams) *cobra.Command {
	var root string
	c := &cobra.Command{
		Use:   "inspect [DIR|BUNDLE|NAME]",
		Short: "Show what is in a bundle, without running it",
		Long: `Inspect reads a bundle file, a folder, or a connector in the registry, verifies every digest, and shows its
operations, the permissions that it asks for, and what its guest imports.`,
		Example: `  $ pack inspect dist/hello-0.1.0.bundle
  $ pack inspect tallyfy --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := find(c.Context(), dirArg(args), root)
			if err != nil {
				return err
			}
			return runInspect(s, b)
		},
	}
	c.Flags().StringVar(&root, "registry", "", "registry folder (default PATCHBAY_HOME/registry)")
	return c
}

// find takes a path if there is something at it, and a name in the registry otherwise.
func find(ctx context.Context, arg, root string) (*bundle.Bundle, error) {
	b, err := load(ctx, arg)
	if err == nil || strings.HasPrefix(arg, ".") || strings.HasSuffix(arg, ".bundle") || cli.Exit(err) != cli.ExitNotFound {
		return b, err
	}
	if root == "" {
		home, err := cli.Home()
		if err != nil {
			return nil, err
		}
		root = cli.RegistryDir(home)
	}
	r, err := registry.Open(root)
	if err != nil {
		return nil, err
	}
	b, _, err = r.Pull(ctx, arg)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, cli.Hint(err, "there is no folder %s either; 'host search' lists what is in the registry", arg)
	}
	return b, explain(root, err)
}

func runInspect(s *cli.Streams, b *bundle.Bundle) error {
	mod, err := wasm.Scan(b.Contents().Module)
	if err != nil {
		return err
	}
	m := b.Manifest()
	result := struct {
		Connector    string           `json:"connector"`
		Title        string           `json:"title"`
		Digest       string           `json:"digest"`
		Size         int64            `json:"size"`
		ModuleSize   int              `json:"module_size"`
		Capabilities []string         `json:"capabilities"`
		HTTP         []manifest.Grant `json:"http"`
		Auth         []string         `json:"auth"`
		Operations   []abi.Operation  `json:"operations"`
		Cases        []string         `json:"cases"`
	}{b.Ref(), m.Title, b.Digest(), b.Size(), len(b.Contents().Module), mod.Capabilities(), m.HTTP, authIDs(m), m.Operations(), caseNames(b)}
	return s.Print(result, func(w io.Writer) {
		fmt.Fprintf(w, "%s  %s\n%s\n\n", b.Ref(), cli.Clean(m.Title), cli.Clean(m.Description))
		fmt.Fprintf(w, "digest        %s\nsize          %s (guest %s)\n", b.Digest(), size(b.Size()), size(int64(len(b.Contents().Module))))
		fmt.Fprintf(w, "capabilities  %s\nauth          %s\ncases         %d\n", orNone(mod.Capabilities()), orNone(result.Auth), len(result.Cases))
		fmt.Fprintf(w, "\npermissions\n%s\noperations\n", cli.Grants(m.HTTP))
		for _, op := range m.Operations() {
			fmt.Fprintf(w, "  %-8s %s\n", op.Kind, op.Name)
		}
	})
}

func authIDs(m *manifest.Manifest) []string {
	ids := []string{}
	for _, a := range m.Auth {
		ids = append(ids, a.ID)
	}
	return ids
}

func caseNames(b *bundle.Bundle) []string {
	names := []string{}
	for n := range b.Contents().Cases {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
