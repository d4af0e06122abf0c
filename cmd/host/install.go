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
	"patchbay/registry"
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
		Long: `Install fetches a connector, verifies every digest, the publisher's signature and the certificate, shows what it may
reach and who certified it, and asks for consent. The publisher's and the certifier's key are remembered on first use;
a connector signed with another key, or whose certificate was changed, is refused (exit 5). A connector that asks for
the network, or whose certificate does not hold, needs consent: on a terminal it is asked for, elsewhere give --yes.`,
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
	got, err := fetch(ctx, a, o.ref, o.registry)
	if err != nil {
		return err
	}
	b, trust, m := got.bundle, got.trust, got.bundle.Manifest()
	s.Note("%s  %s\n  digest  %s\n  signed  %s", b.Ref(), cli.Clean(m.Title), b.Digest(), trust.Key.Fingerprint())
	if trust.First {
		s.Note("          first use of this key of publisher %s: it is remembered, and no other will be accepted", m.Publisher)
	}
	noteCertificate(s, b, got.certified)
	s.Note("it may reach\n%s", cli.Grants(m.HTTP))
	if err := noteCredentials(ctx, s, a, m); err != nil {
		return err
	}
	if err := consent(s, got, o.yes); err != nil {
		return err
	}
	old, err := a.host.Installed(ctx, m.Ref())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	rec, err := got.install(ctx, a)
	if err != nil {
		return err
	}
	if old.Isolation == host.InProcess && rec.Isolation != host.InProcess {
		s.Note("it is not certified: it leaves the host's process and runs in one of its own; see 'host isolate --help'")
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

// fetched is a bundle from a registry, and what there is to say for it.
type fetched struct {
	bundle    *bundle.Bundle
	trust     host.Trust
	certified host.Certified
}

// fetch gets a bundle from a registry and verifies its signature and certificate. Nothing is kept yet.
func fetch(ctx context.Context, a *app, ref, root string) (f fetched, err error) {
	r, err := openRegistry(root)
	if err != nil {
		return f, err
	}
	b, envelopes, err := r.Pull(ctx, ref)
	if errors.Is(err, fs.ErrNotExist) {
		return f, cli.Hint(err, "'host search' lists what the registry has; 'pack publish' adds to it")
	}
	if err != nil {
		return f, err
	}
	claims, err := r.Keys(ctx, b.Manifest().Publisher)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if f.trust, err = a.host.Verify(ctx, b, claims, envelopes...); err != nil {
		return f, err
	}
	f.bundle = b
	f.certified, err = assess(ctx, a, r, b)
	return f, err
}

// assess looks at the certificates that a registry has for a bundle.
func assess(ctx context.Context, a *app, r *registry.Registry, b *bundle.Bundle) (host.Certified, error) {
	all, err := r.Certificates(ctx, b)
	if err != nil {
		return host.Certified{}, err
	}
	claims, err := r.CertifierKeys(ctx)
	if err != nil {
		return host.Certified{}, err
	}
	return a.host.Certified(ctx, b, claims, all...)
}

// install keeps the keys that were seen for the first time, and the bundle.
func (f fetched) install(ctx context.Context, a *app) (host.Installed, error) {
	if f.trust.First {
		if err := a.host.Pin(ctx, f.trust.Key); err != nil {
			return host.Installed{}, err
		}
	}
	if f.certified.First && f.certified.Problem == nil {
		if err := a.host.PinCertifier(ctx, f.certified.Key); err != nil {
			return host.Installed{}, err
		}
	}
	return a.host.Install(ctx, f.bundle, f.trust.Key.Fingerprint(), f.certified.Kept())
}

// consent makes sure that somebody allowed what the connector asks for, and knows of a certificate that does not hold.
func consent(s *cli.Streams, f fetched, yes bool) error {
	m := f.bundle.Manifest()
	asks, doubt := len(m.HTTP)+len(host.SignIns(m)) > 0, doubtful(f.certified)
	if yes || !asks && !doubt {
		return nil
	}
	why, question := "asks for the network", "Allow this and install?"
	if doubt {
		why, question = "has a certificate that does not hold", "Allow this and install it all the same?"
	}
	if !s.Interactive() {
		return cli.Hint(cli.Usage("%s %s, and there is no terminal to ask for consent on", f.bundle.Ref(), why), "read what is said above, then repeat with --yes")
	}
	ok, err := s.Confirm(question)
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
