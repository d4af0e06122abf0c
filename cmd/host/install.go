package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"patchbay/bundle"
	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/manifest"
)

type installOptions struct {
	ref      string
	registry string
	yes      bool
}

func newInstall(s *cli.Streams) *cobra.Command {
	var o installOptions
	c := &cobra.Command{
		Use:   "install NAME[@VERSION]",
		Short: "Install a connector from a registry",
		Long: `Install fetches a connector, verifies every digest and the publisher's signature, shows what it may reach, and asks
for consent. The publisher's key is remembered on first use; a connector signed with another key is refused (exit 5).
A connector that asks for the network needs consent: on a terminal it is asked for, elsewhere give --yes.`,
		Example: `  $ host install hello
  $ host install patchbay/tallyfy@^0.1 --yes`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.ref = args[0]
			return with(c.Context(), nil, func(a *app) error { return runInstall(c.Context(), s, a, o) })
		},
	}
	c.Flags().StringVar(&o.registry, "registry", "", "registry folder (default PATCHBAY_HOME/registry)")
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "allow what the connector asks for without asking")
	return c
}

func runInstall(ctx context.Context, s *cli.Streams, a *app, o installOptions) error {
	b, trust, err := fetch(ctx, a, o.ref, o.registry)
	if err != nil {
		return err
	}
	m := b.Manifest()
	s.Note("%s  %s\n  digest  %s\n  signed  %s", b.Ref(), cli.Clean(m.Title), b.Digest(), trust.Key.Fingerprint())
	if trust.First {
		s.Note("          first use of this key of publisher %s: it is remembered, and no other will be accepted", m.Publisher)
	}
	s.Note("it may reach\n%s", cli.Grants(m.HTTP))
	if err := noteCredentials(ctx, s, a, m); err != nil {
		return err
	}
	if err := consent(s, b, o.yes); err != nil {
		return err
	}
	if trust.First {
		if err := a.host.Pin(ctx, trust.Key); err != nil {
			return err
		}
	}
	rec, err := a.host.Install(ctx, b, trust.Key.Fingerprint())
	if err != nil {
		return err
	}
	return s.Print(rec, func(w io.Writer) {
		fmt.Fprintf(w, "installed %s@%s\n", rec.Connector, rec.Version)
		next(s, b)
	})
}

// noteCredentials says where credentials are issued, and whose are at stake from now on.
func noteCredentials(ctx context.Context, s *cli.Streams, a *app, m *manifest.Manifest) error {
	if signIns := host.SignIns(m); len(signIns) > 0 {
		s.Note("credentials are issued by\n  %s\n", cli.CleanLines(strings.Join(signIns, "\n  ")))
	}
	conns, err := a.host.Connections(ctx, m.Ref())
	if err != nil || len(conns) == 0 {
		return err
	}
	var names []string
	for _, c := range conns {
		names = append(names, c.Name)
	}
	s.Note("from now on that holds for the credentials of %s", strings.Join(names, ", "))
	return nil
}

// fetch gets a bundle from a registry and verifies it. Nothing is kept yet.
func fetch(ctx context.Context, a *app, ref, root string) (*bundle.Bundle, host.Trust, error) {
	r, err := openRegistry(root)
	if err != nil {
		return nil, host.Trust{}, err
	}
	b, envelopes, err := r.Pull(ctx, ref)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, host.Trust{}, cli.Hint(err, "'host search' lists what the registry has; 'pack publish' adds to it")
	}
	if err != nil {
		return nil, host.Trust{}, err
	}
	claims, err := r.Keys(ctx, b.Manifest().Publisher)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, host.Trust{}, err
	}
	trust, err := a.host.Verify(ctx, b, claims, envelopes...)
	return b, trust, err
}

// consent makes sure that somebody allowed what the connector asks for.
func consent(s *cli.Streams, b *bundle.Bundle, yes bool) error {
	if yes || len(b.Manifest().HTTP)+len(host.SignIns(b.Manifest())) == 0 {
		return nil
	}
	if !s.Interactive() {
		return cli.Hint(cli.Usage("%s asks for the network, and there is no terminal to ask for consent on", b.Ref()), "read what it may reach above, then repeat with --yes")
	}
	ok, err := s.Confirm("Allow this and install?")
	if err == nil && !ok {
		return errors.New("not installed: consent was not given")
	}
	return err
}

// next says what to type after an install.
func next(s *cli.Streams, b *bundle.Bundle) {
	m := b.Manifest()
	switch {
	case len(m.Auth) > 0:
		s.Note("next: host connect %s", m.Name)
	case len(m.Actions) > 0 && len(m.Actions[0].Samples) > 0:
		s.Note("next: host run %s.%s --input %s", m.Name, m.Actions[0].Name, cli.ShellQuote(string(m.Actions[0].Samples[0].Input)))
	default:
		s.Note("next: host info %s", m.Name)
	}
}
