package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"patchbay/bundle"
	"patchbay/internal/cli"
	"patchbay/registry"
	"patchbay/testkit"
	"patchbay/testkit/report"
)

// certificateFiles are where a certificate and its report lie beside the bundle's file in a folder.
func certificateFiles(dir string, b *bundle.Bundle) (certificate, report string) {
	base := filepath.Join(dir, strings.TrimSuffix(b.FileName(), ".bundle"))
	return base + ".certificate.json", base + ".report.json"
}

// distOf is the folder that the bundle's file lies in, or would if a folder was built.
func distOf(path string) string {
	if strings.HasSuffix(path, ".bundle") {
		return filepath.Dir(path)
	}
	return filepath.Join(path, "dist")
}

// signReport certifies b by a report, with the key of the certifier of that name, which is made on first use. It writes
// certificate and report to the folder out.
func signReport(s *cli.Streams, b *bundle.Bundle, r *report.Report, name, out string) error {
	home, err := cli.Home()
	if err != nil {
		return err
	}
	key, err := certifierKey(s, home, name)
	if err != nil {
		return err
	}
	now := time.Now()
	c, err := bundle.Certify(b, r, key, now, now.Add(bundle.Validity))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	certificate, report := certificateFiles(out, b)
	// The report first: a certificate without one is worth nothing.
	if err := os.WriteFile(report, c.Report, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(certificate, c.Envelope, 0o644); err != nil {
		return err
	}
	s.Note("certified by %s until %s\n  key          %s\n  certificate  %s\n  report       %s",
		name, now.Add(bundle.Validity).Format(time.DateOnly), key.Public(), certificate, report)
	return nil
}

// certifierKey returns a certifier's key and makes it on first use. It is apart from the publisher's of that name: who
// builds and who certifies need not be the same.
func certifierKey(s *cli.Streams, home, name string) (*bundle.Key, error) {
	return signingKey(s, filepath.Join(cli.CertifierKeyDir(home), name+".key"), name, "certifier", "only this key can certify under that name")
}

// certification reads the certificate and report that are named, or lie beside the bundle; nil if there are none.
func (o *publishOptions) certification(b *bundle.Bundle) (*bundle.Certification, error) {
	named := o.certificate != "" || o.report != ""
	if named && (o.certificate == "" || o.report == "") {
		return nil, cli.Usage("--certificate and --report go together")
	}
	certificate, report := o.certificate, o.report
	if !named {
		certificate, report = certificateFiles(distOf(o.path), b)
	}
	envelope, err := readFile(certificate, bundle.MaxEnvelope)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data, err := readFile(report, registry.MaxReport)
	if err != nil {
		return nil, cli.Hint(err, "a certificate is worth nothing without its report: 'pack certify --sign' writes both")
	}
	return &bundle.Certification{Envelope: envelope, Report: data}, nil
}

func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are allowed", path, info.Size(), limit)
	}
	return os.ReadFile(path)
}

// attach verifies the certificate with the keys of those certifiers that are known here.
func (o *publishOptions) attach(ctx context.Context, home string, r *registry.Registry, b *bundle.Bundle, c *bundle.Certification) (bundle.Certificate, error) {
	keys, err := r.CertifierKeys(ctx)
	if err != nil {
		return bundle.Certificate{}, err
	}
	own, err := readKeys(cli.CertifierKeyDir(home))
	if err != nil {
		return bundle.Certificate{}, err
	}
	for _, k := range own {
		keys = append(keys, k.Public())
	}
	if o.certifierKey != "" {
		k, err := bundle.ParsePublicKey(o.certifierKey)
		if err != nil {
			return bundle.Certificate{}, cli.Usage("--certifier-key: %v", err)
		}
		keys = append(keys, k)
	}
	got, err := bundle.VerifyCertificate(b.Digest(), keys, time.Now(), *c)
	return got, explainCertificate(err)
}

// explainCertificate adds a hint and an exit code to what keeps a certificate from being published.
func explainCertificate(err error) error {
	switch {
	case errors.Is(err, registry.ErrNotCompared):
		return cli.Hint(err, "nothing was published; users are told by it what an upgrade breaks: 'pack certify --sign --previous NAME@VERSION'")
	case errors.Is(err, registry.ErrReportDiffers):
		return cli.Hint(cli.WithExit(err, cli.ExitFindings), "nothing was published; certify again with this version of pack: 'pack certify --sign'")
	case errors.Is(err, bundle.ErrUntrusted):
		return cli.Hint(cli.WithExit(err, cli.ExitNotTrusted), "nothing was published; whoever came first under a name keeps it in a registry")
	case errors.Is(err, bundle.ErrUnknownCertifier):
		return cli.Hint(cli.WithExit(err, cli.ExitNotTrusted), "nothing was published; if you know the certifier, give its public key with --certifier-key")
	case errors.Is(err, bundle.ErrOtherBundle), errors.Is(err, bundle.ErrExpired), errors.Is(err, bundle.ErrFailed), errors.Is(err, bundle.ErrCorrupt):
		return cli.Hint(cli.WithExit(err, cli.ExitNotTrusted), "nothing was published; run 'pack certify --sign' again, or remove the certificate")
	}
	return err
}

// engine is the registry's certifier: the one that 'pack certify' runs.
type engine struct{}

func (engine) Certify(ctx context.Context, b, previous *bundle.Bundle, skips []report.Skip) ([]byte, error) {
	r, err := certified(ctx, b, testkit.Options{Previous: previous, Skip: skips})
	if err != nil {
		return nil, err
	}
	return r.JSON()
}
