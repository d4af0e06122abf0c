package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"patchbay/bundle"
	"patchbay/internal/cli"
	"patchbay/registry"
	"patchbay/testkit"
	"patchbay/testkit/report"
)

type publishOptions struct {
	path         string
	registry     string
	certificate  string
	report       string
	certifierKey string
}

func newPublish(s *cli.Streams) *cobra.Command {
	var o publishOptions
	c := &cobra.Command{
		Use:   "publish [DIR|BUNDLE]",
		Short: "Sign a connector and put it in a registry",
		Long: `Publish builds the connector, checks it and runs its cases, signs the bundle with the publisher's key and puts both in
the registry. The key is made on first use and kept in PATCHBAY_HOME/keys. A version is published once: other
content under the same version is refused.

A certificate that 'pack certify --sign' left beside the bundle, or that --certificate and --report name, is published
with it. The registry certifies once more: if that gives another report, nothing is published (exit 3).`,
		Example: `  $ pack publish
  $ pack publish dist/hello-0.1.0.bundle --registry /srv/registry`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.path = dirArg(args)
			return runPublish(c.Context(), s, o)
		},
	}
	c.Flags().StringVar(&o.registry, "registry", "", "registry folder (default PATCHBAY_HOME/registry)")
	c.Flags().StringVar(&o.certificate, "certificate", "", "`FILE` of the certificate (default NAME-VERSION.certificate.json beside the bundle, if it is there)")
	c.Flags().StringVar(&o.report, "report", "", "`FILE` of the report that was certified (default NAME-VERSION.report.json beside the bundle)")
	c.Flags().StringVar(&o.certifierKey, "certifier-key", "", "public key `LINE` of a certifier whom the registry does not know yet, as 'pack keys --json' shows it")
	return c
}

func runPublish(ctx context.Context, s *cli.Streams, o publishOptions) error {
	home, err := cli.Home()
	if err != nil {
		return err
	}
	if o.registry == "" {
		o.registry = cli.RegistryDir(home)
	}
	b, err := load(ctx, o.path)
	if err != nil {
		return err
	}
	r, err := registry.Open(o.registry)
	if err != nil {
		return err
	}
	with, certifier, err := o.prepare(ctx, s, home, r, b)
	if err != nil {
		return err
	}
	key, err := publisherKey(s, home, b.Manifest().Publisher)
	if err != nil {
		return err
	}
	envelope, err := bundle.Sign(b, key)
	if err != nil {
		return err
	}
	if err := put(ctx, r, b, envelope, key.Public(), with); err != nil {
		return err
	}
	result := map[string]any{
		"connector": b.Ref(), "digest": b.Digest(), "registry": o.registry, "key": key.Public().Fingerprint(), "certifier": certifier,
	}
	return s.Print(result, func(w io.Writer) {
		fmt.Fprintf(w, "published %s\n  digest    %s\n  signed    %s\n", b.Ref(), b.Digest(), key.Public().Fingerprint())
		if certifier != "" {
			fmt.Fprintf(w, "  certified by %s\n", certifier)
		}
		fmt.Fprintf(w, "  registry  %s\n", o.registry)
		s.Note("next: host install %s", b.Manifest().Name)
	})
}

// prepare finds the bundle's certificate, which the registry then certifies again, or certifies it here and now.
func (o *publishOptions) prepare(ctx context.Context, s *cli.Streams, home string, r *registry.Registry, b *bundle.Bundle) (registry.PublishOptions, string, error) {
	c, err := o.certification(b)
	if err != nil {
		return registry.PublishOptions{}, "", err
	}
	if c == nil {
		return registry.PublishOptions{}, "", inOrder(ctx, s, r, b)
	}
	got, err := o.attach(ctx, home, r, b, c)
	if err != nil {
		return registry.PublishOptions{}, "", err
	}
	return registry.PublishOptions{Certification: c, CertifierKey: got.Key, Certifier: engine{}}, got.Certifier(), nil
}

// inOrder refuses to publish what does not pass certification, beside the version before it.
func inOrder(ctx context.Context, s *cli.Streams, r *registry.Registry, b *bundle.Bundle) error {
	before, err := r.Before(ctx, b)
	if err != nil {
		return err
	}
	made, err := certified(ctx, b, testkit.Options{Previous: before})
	if err != nil {
		return err
	}
	if made.Verdict == report.Pass {
		return nil
	}
	writeFindings(s.Err, &made)
	return cli.Hint(findings(&made), "nothing was published; 'pack certify%s' shows the same findings", previousFlag(before))
}

func previousFlag(before *bundle.Bundle) string {
	if before == nil {
		return ""
	}
	return " --previous " + before.Ref()
}

func put(ctx context.Context, r *registry.Registry, b *bundle.Bundle, e bundle.Envelope, key bundle.PublicKey, with registry.PublishOptions) error {
	_, err := r.Publish(ctx, b, e, key, with)
	if errors.Is(err, fs.ErrExist) {
		return cli.Hint(err, "versions do not change: raise version in connector.yaml and publish again")
	}
	return explainCertificate(err)
}

// publisherKey returns the publisher's key and makes it on first use.
func publisherKey(s *cli.Streams, home, publisher string) (*bundle.Key, error) {
	return signingKey(s, filepath.Join(cli.KeyDir(home), publisher+".key"), publisher, "publisher", "only this key can publish under that name")
}

// signingKey returns the key in a file and makes it on first use, for a name in a role.
func signingKey(s *cli.Streams, path, name, role, why string) (*bundle.Key, error) {
	key, err := bundle.ReadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = bundle.GenerateKey(name); err != nil {
		return nil, err
	}
	err = key.WriteFile(path)
	if errors.Is(err, fs.ErrExist) {
		return bundle.ReadKey(path) // another command made it meanwhile
	}
	if err == nil {
		s.Note("made a signing key for %s %s: %s\n  keep a copy of %s: %s", role, name, key.Public().Fingerprint(), path, why)
	}
	return key, err
}
