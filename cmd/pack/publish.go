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
	path     string
	registry string
}

func newPublish(s *cli.Streams) *cobra.Command {
	var o publishOptions
	c := &cobra.Command{
		Use:   "publish [DIR|BUNDLE]",
		Short: "Sign a connector and put it in a registry",
		Long: `Publish builds the connector, checks it and runs its cases, signs the bundle with the publisher's key and puts both in
the registry. The key is made on first use and kept in PATCHBAY_HOME/keys. A version is published once: other
content under the same version is refused.`,
		Example: `  $ pack publish
  $ pack publish dist/hello-0.1.0.bundle --registry /srv/registry`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.path = dirArg(args)
			return runPublish(c.Context(), s, o)
		},
	}
	c.Flags().StringVar(&o.registry, "registry", "", "registry folder (default PATCHBAY_HOME/registry)")
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
	if err := inOrder(ctx, s, b); err != nil {
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
	if err := put(ctx, o.registry, b, envelope, key.Public()); err != nil {
		return err
	}
	result := map[string]any{"connector": b.Ref(), "digest": b.Digest(), "registry": o.registry, "key": key.Public().Fingerprint()}
	return s.Print(result, func(w io.Writer) {
		fmt.Fprintf(w, "published %s\n  digest    %s\n  signed    %s\n  registry  %s\n", b.Ref(), b.Digest(), key.Public().Fingerprint(), o.registry)
		s.Note("next: host install %s", b.Manifest().Name)
	})
}

// inOrder refuses to publish what does not pass certification.
func inOrder(ctx context.Context, s *cli.Streams, b *bundle.Bundle) error {
	r, err := certified(ctx, b, testkit.Options{})
	if err != nil {
		return err
	}
	if r.Verdict == report.Pass {
		return nil
	}
	writeFindings(s.Err, &r)
	return cli.Hint(findings(&r), "nothing was published; 'pack certify' shows the same findings")
}

func put(ctx context.Context, root string, b *bundle.Bundle, e bundle.Envelope, key bundle.PublicKey) error {
	r, err := registry.Open(root)
	if err != nil {
		return err
	}
	_, err = r.Publish(ctx, b, e, key, registry.PublishOptions{})
	if errors.Is(err, fs.ErrExist) {
		return cli.Hint(err, "versions do not change: raise version in connector.yaml and publish again")
	}
	return err
}

// publisherKey returns the publisher's key and makes it on first use.
func publisherKey(s *cli.Streams, home, publisher string) (*bundle.Key, error) {
	path := filepath.Join(cli.KeyDir(home), publisher+".key")
	key, err := bundle.ReadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = bundle.GenerateKey(publisher); err != nil {
		return nil, err
	}
	err = key.WriteFile(path)
	if errors.Is(err, fs.ErrExist) {
		return bundle.ReadKey(path) // another command made it meanwhile
	}
	if err == nil {
		s.Note("made a signing key for publisher %s: %s\n  keep a copy of %s: only this key can publish under that name", publisher, key.Public().Fingerprint(), path)
	}
	return key, err
}
