package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"patchbay/abi"
	"patchbay/internal/cli"
	"patchbay/manifest"
	"patchbay/registry"
)

func newSearch(s *cli.Streams) *cobra.Command {
	var root string
	c := &cobra.Command{
		Use:   "search [WORD...]",
		Short: "Look for connectors in the registry",
		Long:  `Search lists the connectors whose name, title, description or category has every word. Without words it lists all.`,
		Example: `  $ host search
  $ host search approval workflow`,
		RunE: func(c *cobra.Command, args []string) error {
			r, err := openRegistry(root)
			if err != nil {
				return err
			}
			list, err := r.Search(c.Context(), args...)
			if list == nil {
				list = []registry.Listing{}
			}
			// A damaged repository hides no other: what was found is printed, then the error.
			return errors.Join(cli.Printed(explain(err)), s.Print(list, func(w io.Writer) {
				if len(list) == 0 {
					fmt.Fprintln(w, "nothing found")
					return
				}
				var rows [][]string
				for _, l := range list {
					rows = append(rows, []string{l.Publisher + "/" + l.Name, l.Version, l.Title, certifiedThere(l), l.Description})
				}
				cli.Table(w, []string{"connector", "version", "title", "certified", "description"}, rows)
			}))
		},
	}
	c.Flags().StringVar(&root, "registry", "", "registry folder (default PATCHBAY_HOME/registry)")
	return c
}

func newInfo(s *cli.Streams) *cobra.Command {
	var root string
	c := &cobra.Command{
		Use:   "info NAME[@VERSION]",
		Short: "Show a connector: what it does, takes and may reach",
		Long:  `Info shows the installed connector of that name, or else the one in the registry.`,
		Example: `  $ host info tallyfy
  $ host info netsuite@0.1.0 --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), nil, func(a *app) error {
				d, err := describe(c.Context(), a, args[0], root)
				if err != nil {
					return err
				}
				return s.Print(d, func(w io.Writer) { writeInfo(w, d) })
			})
		},
	}
	c.Flags().StringVar(&root, "registry", "", "registry folder (default PATCHBAY_HOME/registry)")
	return c
}

// description is what there is to say about a connector.
type description struct {
	Installed bool                `json:"installed"`
	Certified *registry.Certified `json:"certified,omitempty"`
	*manifest.Manifest
}

// describe finds a connector among what is installed, else in the registry.
func describe(ctx context.Context, a *app, name, root string) (description, error) {
	rec, err := a.host.Installed(ctx, name)
	if err == nil {
		b, err := a.host.Bundle(rec)
		if err != nil {
			return description{}, err
		}
		return description{true, certifiedOf(rec, time.Now()), b.Manifest()}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return description{}, err
	}
	r, err := openRegistry(root)
	if err != nil {
		return description{}, err
	}
	l, err := r.Resolve(ctx, name)
	if err != nil {
		return description{}, err
	}
	b, _, err := r.Pull(ctx, l.Publisher+"/"+l.Name+"@"+l.Digest)
	if err != nil {
		return description{}, err
	}
	return description{false, l.Certified, b.Manifest()}, nil
}

func writeInfo(w io.Writer, d description) {
	m, state := d.Manifest, "not installed"
	if d.Installed {
		state = "installed"
	}
	fmt.Fprintf(w, "%s@%s  %s (%s)\n%s\n\n%s\n\nit may reach\n%s", m.Ref(), m.Version, cli.Clean(m.Title), state,
		cli.Clean(m.Description), certificateInfo(d.Certified), cli.Grants(m.HTTP))
	for _, a := range m.Auth {
		fmt.Fprintf(w, "\nauth %s (%s): %s\n", a.ID, a.Type, cli.Clean(a.Title))
		for _, f := range append(m.Connection.Fields, a.AllFields()...) {
			writeField(w, f)
		}
	}
	for _, a := range m.Actions {
		fmt.Fprintf(w, "\n%s.%s  %s\n  %s\n", m.Name, a.Name, cli.Clean(a.Title), cli.Clean(a.Description))
		writeSchema(w, a.Input)
		if len(a.Samples) > 0 {
			fmt.Fprintf(w, "  $ host run %s.%s --input %s\n", m.Name, a.Name, cli.ShellQuote(string(a.Samples[0].Input)))
		}
	}
}

func writeField(w io.Writer, f manifest.Field) {
	var notes []string
	if f.Required {
		notes = append(notes, "required")
	}
	if f.Secret {
		notes = append(notes, "secret")
	}
	if f.Default != nil {
		notes = append(notes, fmt.Sprintf("default %v", f.Default))
	}
	fmt.Fprintf(w, "  %-16s %s", f.Name, cli.Clean(f.Title))
	if len(notes) > 0 {
		fmt.Fprintf(w, " (%s)", strings.Join(notes, ", "))
	}
	fmt.Fprintln(w)
}

// writeSchema lists an input's properties: the required ones first, then by name.
func writeSchema(w io.Writer, schema json.RawMessage) {
	var s struct {
		Required   []string `json:"required"`
		Properties map[string]struct {
			Type        any    `json:"type"`
			Description string `json:"description"`
			Enum        []any  `json:"enum"`
		} `json:"properties"`
	}
	if json.Unmarshal(schema, &s) != nil {
		return // a schema may be of a shape that this summary does not show
	}
	var names, optional []string
	for _, name := range sorted(s.Properties) {
		if slices.Contains(s.Required, name) {
			names = append(names, name)
		} else {
			optional = append(optional, name)
		}
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, name := range append(names, optional...) {
		p := s.Properties[name]
		what := fmt.Sprint(p.Type)
		if len(p.Enum) > 0 {
			what = "one of " + strings.Trim(fmt.Sprint(p.Enum), "[]")
		}
		if slices.Contains(s.Required, name) {
			what += ", required"
		}
		fmt.Fprintf(tw, "    %s\t%s. %s\n", cli.Clean(name), cli.Clean(what), cli.Clean(p.Description))
	}
	tw.Flush()
}

func newVersion(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print versions",
		Example: `  $ host version --json`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			v := map[string]any{"version": Version, "abi": abi.Version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
			return s.Print(v, func(w io.Writer) {
				fmt.Fprintf(w, "patchbay host %s, ABI %d, %s, %s/%s\n", Version, abi.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			})
		},
	}
}

// Version is this release.
const Version = "0.1.0"
