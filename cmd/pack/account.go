package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"reflect"
	"slices"

	"github.com/spf13/cobra"

	"patchbay/bundle"
	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/manifest"
	"patchbay/testkit"
)

// account is what a live call is made with: a connection made of flags, or one that host has.
type account struct {
	connection string // its name; empty for one made of the rest
	connect    host.ConnectRequest
	values     cli.Values
	verbose    bool
}

func (a *account) flags(c *cobra.Command) {
	a.values.Flags(c)
	c.Flags().StringVar(&a.connect.Auth, "auth", "", "auth method (default the manifest's first)")
	c.Flags().StringToStringVar(&a.connect.URLs, "url", nil, "base URL instead of a grant's own, as GRANT=URL")
	c.Flags().BoolVar(&a.connect.AllowPrivate, "allow-private", false, "let --url point to private addresses and plain http")
	c.Flags().BoolVarP(&a.verbose, "verbose", "v", false, "print log lines of the guest and the host")
}

// read reads the values, and refuses secrets that were given as fields.
func (a *account) read(s *cli.Streams, m *manifest.Manifest) error {
	var err error
	if a.connect.Values, err = a.values.Read(s); err != nil {
		return err
	}
	if a.connection != "" && (len(a.connect.Values)+len(a.connect.URLs) > 0 || a.connect.Auth != "") {
		return cli.Usage("connection %s has its fields, secrets, auth method and URLs: leave --field, --secret, --auth and --url out", a.connection)
	}
	for _, method := range m.Auth {
		if err := a.values.RefuseSecrets(append(method.AllFields(), m.Connection.Fields...)); err != nil {
			return err
		}
	}
	return nil
}

// use calls f with what the account is reached by.
func (a *account) use(ctx context.Context, s *cli.Streams, b *bundle.Bundle, f func(testkit.LiveOptions) error) (err error) {
	home, err := cli.Home()
	if err != nil {
		return err
	}
	opts := testkit.LiveOptions{CacheDir: cli.CacheDir(home)}
	if a.verbose {
		opts.Logger = slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if a.connection == "" {
		return cli.ExplainFields(f(opts))
	}
	k, err := openKeeper(ctx, home)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	if err := k.allows(ctx, a.connection, b.Manifest()); err != nil {
		return err
	}
	opts.Home = k.home
	return f(opts)
}

// allows makes sure that a connection's credential goes nowhere that its owner has not allowed: a connector under
// development may ask for more than what was installed.
func (k *keeper) allows(ctx context.Context, name string, m *manifest.Manifest) error {
	c, err := k.host.Connection(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return cli.Hint(err, "'host connections' lists them; without a connection, give --field and --secret as for 'pack run'")
	}
	if err != nil {
		return err
	}
	if c.Connector != m.Ref() {
		return cli.Usage("connection %s belongs to %s, not to %s", name, c.Connector, m.Ref())
	}
	rec, err := k.host.Installed(ctx, c.Connector)
	if err != nil {
		return err
	}
	b, err := k.host.Bundle(rec)
	if err != nil {
		return err
	}
	if wider := widened(b.Manifest(), m, c.Auth); wider != "" {
		return cli.Hint(cli.WithExit(fmt.Errorf("%s in this folder has %s, which was not allowed when %s was installed", m.Ref(), wider, rec.Version), cli.ExitNotTrusted),
			"install this version first ('pack publish', 'host install %s'), or give the credential with --secret", m.Name)
	}
	return nil
}

// widened says what a manifest does with a credential that another one of the same connector does not.
func widened(old, now *manifest.Manifest, auth string) string {
	was, _ := old.AuthMethod(auth)
	is, _ := now.AuthMethod(auth)
	if !reflect.DeepEqual(was, is) {
		return "another auth method " + auth
	}
	for _, g := range now.HTTP {
		if !slices.ContainsFunc(old.HTTP, func(o manifest.Grant) bool { return within(g, o) }) {
			return "another http grant " + g.ID
		}
	}
	return ""
}

// within reports whether grant g allows nothing that o does not.
func within(g, o manifest.Grant) bool {
	subset := func(a, b []string) bool {
		return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
	}
	return g.ID == o.ID && g.URL == o.URL && subset(g.Methods, o.Methods) && subset(paths(g), paths(o)) && (o.Authenticated() || !g.Authenticated())
}

// paths are a grant's own, or all.
func paths(g manifest.Grant) []string {
	if len(g.Paths) == 0 {
		return []string{"/**"}
	}
	return g.Paths
}
