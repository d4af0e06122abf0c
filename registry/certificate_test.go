package registry

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"
	orasregistry "oras.land/oras-go/v2/registry"

	"patchbay/bundle"
	"patchbay/testkit/report"
)

const hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// newReport is what a certification might say about b.
func newReport(b *bundle.Bundle) *report.Report {
	return &report.Report{
		Verdict: report.Pass, RuleSet: "patchbay/1 sha256:" + hash, Connector: b.Ref(), Bundle: b.Digest(),
		Skipped:  []report.Skip{{Rule: "M004", Reason: "no icon yet"}},
		Families: []report.Family{{ID: "N", Rules: 9}},
		Figures:  []report.Figure{{Operation: "action a/b", Fuel: 9007199254740993}},
	}
}

// certify makes a certificate that holds for an hour around now.
func certify(t testing.TB, b *bundle.Bundle, k *bundle.Key) *bundle.Certification {
	t.Helper()
	c, err := bundle.Certify(b, newReport(b), k, time.Now().Add(-time.Minute), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return &c
}

// publishCertified publishes acme/shop@1.0.0 and its certificate.
func publishCertified(t testing.TB, r *Registry, k, lab *bundle.Key) (*bundle.Bundle, *bundle.Certification) {
	t.Helper()
	b := newBundle(t, "acme/shop@1.0.0", "readme")
	c := certify(t, b, lab)
	o := PublishOptions{Certification: c, CertifierKey: lab.Public()}
	if _, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), o); err != nil {
		t.Fatal(err)
	}
	return b, c
}

func TestPublish_Certified(t *testing.T) {
	t.Parallel()
	r, k, lab := newRegistry(t), newKey(t, "acme"), newKey(t, "acme") // the same name, and apart
	b, c := publishCertified(t, r, k, lab)
	publishAll(t, r, k, "acme/shop@0.9.0", "acme/plain@1.0.0")
	got, err := r.Certificates(t.Context(), b)
	if diff := cmp.Diff([]bundle.Certification{*c}, got); err != nil || diff != "" {
		t.Fatalf("%v, (-want +got):\n%s", err, diff)
	}
	keys, err := r.CertifierKeys(t.Context())
	if err != nil || len(keys) != 1 || keys[0] != lab.Public() {
		t.Errorf("certifiers' keys %v, %v", keys, err)
	}
	if keys, err := r.Keys(t.Context(), "acme"); err != nil || len(keys) != 1 || keys[0] != k.Public() {
		t.Errorf("publisher's keys %v, %v", keys, err)
	}
	l, err := r.Resolve(t.Context(), "acme/shop")
	if err != nil || l.Certified == nil || l.Certified.Problem != "" || l.Certified.Key != lab.Public() || l.Certified.Skipped[0].Reason != "no icon yet" {
		t.Errorf("the listing says %+v, %v", l.Certified, err)
	}
	all, err := r.Search(t.Context())
	if err != nil || len(all) != 2 || all[0].Certified != nil || all[1].Certified == nil {
		t.Errorf("the search finds %+v, %v", all, err)
	}
	if l, err := r.Resolve(t.Context(), "acme/shop@0.9.0"); err != nil || l.Certified != nil {
		t.Errorf("the other version is certified too: %+v, %v", l.Certified, err)
	}
	r.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	l, err = r.Resolve(t.Context(), "acme/shop")
	if err != nil || !strings.HasPrefix(l.Certified.Problem, "expired certificate: it held until") || l.Certified.Certifier() != "acme" {
		t.Errorf("when it has expired the listing says %+v, %v", l.Certified, err)
	}
}

// A published bundle may be certified later, and again.
func TestPublish_CertifiedLater(t *testing.T) {
	t.Parallel()
	r, k, lab := newRegistry(t), newKey(t, "acme"), newKey(t, "lab")
	publishAll(t, r, k, "acme/shop@1.0.0")
	if got, err := r.Certificates(t.Context(), newBundle(t, "acme/shop@1.0.0", "readme")); err != nil || len(got) != 0 {
		t.Errorf("%d certificates, %v", len(got), err)
	}
	var last *bundle.Certification
	b := newBundle(t, "acme/shop@1.0.0", "readme")
	for i := range maxCertificates + 2 {
		c, err := bundle.Certify(b, newReport(b), lab, time.Now(), time.Now().Add(time.Duration(i+1)*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		o := PublishOptions{Certification: &c, CertifierKey: lab.Public()}
		if _, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), o); err != nil {
			t.Fatal(err)
		}
		last = &c
	}
	got, err := r.Certificates(t.Context(), b)
	if err != nil || len(got) != maxCertificates || !bytes.Equal(got[maxCertificates-1].Envelope, last.Envelope) {
		t.Errorf("%d certificates, %v", len(got), err)
	}
}

func TestPublish_CertificateRefused(t *testing.T) {
	t.Parallel()
	k, lab := newKey(t, "acme"), newKey(t, "lab")
	b, other := newBundle(t, "acme/shop@1.0.0", "readme"), newBundle(t, "acme/shop@1.0.1", "readme")
	old, err := bundle.Certify(b, newReport(b), lab, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	good := certify(t, b, lab)
	for _, test := range []struct {
		name string
		cert bundle.Certification
		key  bundle.PublicKey
		want error
	}{
		{"other bundle", *certify(t, other, lab), lab.Public(), bundle.ErrOtherBundle},
		{"expired", old, lab.Public(), bundle.ErrExpired},
		{"other key", *good, newKey(t, "lab").Public(), bundle.ErrUnknownCertifier},
		{"other report", bundle.Certification{Envelope: good.Envelope, Report: []byte("{}")}, lab.Public(), bundle.ErrCorrupt},
		{"large report", bundle.Certification{Envelope: good.Envelope, Report: make([]byte, MaxReport+1)}, lab.Public(), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRegistry(t)
			_, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), PublishOptions{Certification: &test.cert, CertifierKey: test.key})
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if got := files(t, r.dir); len(got) != 0 {
				t.Errorf("refused, yet written: %v", got)
			}
		})
	}
}

// The first key of a certifier's name keeps it.
func TestPublish_CertifierClaimed(t *testing.T) {
	t.Parallel()
	r, k, lab, thief := newRegistry(t), newKey(t, "acme"), newKey(t, "lab"), newKey(t, "lab")
	publishCertified(t, r, k, lab)
	b := newBundle(t, "acme/shop@1.1.0", "readme")
	o := PublishOptions{Certification: certify(t, b, thief), CertifierKey: thief.Public()}
	_, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), o)
	if !errors.Is(err, bundle.ErrUntrusted) || !strings.Contains(err.Error(), ".certifiers/lab.pub") {
		t.Errorf("a second key took the certifier's name: %v", err)
	}
	if _, err := r.Resolve(t.Context(), "acme/shop@1.1.0"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was published: %v", err)
	}
}

func TestCertificates_Tampered(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		tamper  func(t *testing.T, r *Registry, dir string, b *bundle.Bundle)
		want    error // of Certificates and then VerifyCertificate
		problem string
	}{
		{"nothing", func(*testing.T, *Registry, string, *bundle.Bundle) {}, nil, ""},
		{"certifier's keys gone", func(t *testing.T, r *Registry, _ string, _ *bundle.Bundle) {
			if err := os.RemoveAll(filepath.Join(r.dir, ".certifiers")); err != nil {
				t.Fatal(err)
			}
		}, nil, "unknown certifier"},
		{"certifier's keys damaged", func(t *testing.T, r *Registry, _ string, _ *bundle.Bundle) {
			write(t, filepath.Join(r.dir, ".certifiers", "lab.pub"), "x")
		}, nil, ".certifiers/lab.pub: line 1"},
		{"of a stranger", func(t *testing.T, r *Registry, dir string, b *bundle.Bundle) {
			replaceCertificate(t, dir, b, *certify(t, b, newKey(t, "lab")))
		}, bundle.ErrUnknownCertifier, "unknown certifier"},
		{"of another bundle", func(t *testing.T, r *Registry, dir string, b *bundle.Bundle) {
			replaceCertificate(t, dir, b, *certify(t, newBundle(t, "acme/shop@1.0.1", "x"), lab(t)))
		}, bundle.ErrOtherBundle, "certificate of another bundle"},
		{"with another report", func(t *testing.T, r *Registry, dir string, b *bundle.Bundle) {
			c := certify(t, b, lab(t))
			replaceCertificate(t, dir, b, bundle.Certification{Envelope: c.Envelope, Report: []byte("{}")})
		}, bundle.ErrCorrupt, "corrupt certificate: it is for the report"},
		{"envelope changed", func(t *testing.T, r *Registry, dir string, b *bundle.Bundle) {
			c := certify(t, b, lab(t))
			replaceCertificate(t, dir, b, bundle.Certification{Envelope: bytes.Replace(c.Envelope, []byte(`"payload":"e`), []byte(`"payload":"f`), 1), Report: c.Report})
		}, bundle.ErrCorrupt, "bad signature"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, k := newRegistry(t), newKey(t, "acme")
			b, _ := publishCertified(t, r, k, lab(t))
			test.tamper(t, r, filepath.Join(r.dir, "acme", "shop"), b)
			all, err := r.Certificates(t.Context(), b)
			if err == nil {
				_, err = bundle.VerifyCertificate(b.Digest(), []bundle.PublicKey{lab(t).Public()}, time.Now(), all...)
			}
			if !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			l, err := r.Resolve(t.Context(), "acme/shop")
			if err != nil || l.Certified == nil || !strings.Contains(l.Certified.Problem, test.problem) || (test.problem == "") != (l.Certified.Problem == "") {
				t.Errorf("the listing says %+v, %v", l.Certified, err)
			}
			if _, err := pull(t, r, "acme/shop", k.Public()); err != nil {
				t.Errorf("the bundle itself: %v", err)
			}
		})
	}
}

var labKey, errLab = bundle.GenerateKey("lab")

// lab is a certifier that all cases know.
func lab(t testing.TB) *bundle.Key {
	t.Helper()
	if errLab != nil {
		t.Fatal(errLab)
	}
	return labKey
}

// replaceCertificate puts c in the place of the certificates in a repository.
func replaceCertificate(t *testing.T, dir string, b *bundle.Bundle, c bundle.Certification) {
	t.Helper()
	blobs, d, err := encodeCertificate(describe(ocispec.MediaTypeImageManifest, b.Blobs()[0].Data), c)
	if err != nil {
		t.Fatal(err)
	}
	s := shop{dir: dir}
	for _, data := range blobs {
		write(t, s.blob(describe("", data).Digest.String()), string(data))
	}
	s.index(t, func(x *ocispec.Index) {
		for i := range x.Manifests {
			if x.Manifests[i].ArtifactType == bundle.TypeCertificate {
				x.Manifests[i] = d
			}
		}
	})
}

// A flipped byte in a certificate's files is refused, and told; the bundle is pulled as before.
func TestCertificates_FlippedBytes(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	publishAll(t, r, k, "acme/shop@1.0.0")
	dir := filepath.Join(r.dir, "acme", "shop")
	before := files(t, dir)
	b, _ := publishCertified(t, r, k, lab(t))
	looked := 0
	for name, content := range files(t, dir) {
		if _, ok := before[name]; ok {
			continue
		}
		looked++
		for _, i := range []int{0, 1, len(content) / 3, len(content) / 2, len(content) - 1} {
			changed := []byte(content)
			changed[i] ^= 0x20
			write(t, filepath.Join(dir, name), string(changed))
			if _, err := r.Certificates(t.Context(), b); !errors.Is(err, bundle.ErrCorrupt) {
				t.Fatalf("%s: byte %d: %v, want ErrCorrupt", name, i, err)
			}
			l, err := r.Resolve(t.Context(), "acme/shop")
			if err != nil || l.Certified == nil || !strings.Contains(l.Certified.Problem, "corrupt") {
				t.Fatalf("%s: byte %d: the listing says %+v, %v", name, i, l.Certified, err)
			}
		}
		write(t, filepath.Join(dir, name), content)
	}
	if looked != 3 { // image manifest, envelope, report
		t.Errorf("looked at %d blobs", looked)
	}
}

func TestCertificates_Odd(t *testing.T) {
	t.Parallel()
	for name, layers := range map[string][]layer{
		"no report":     {{bundle.TypeEnvelope, []byte("{}")}},
		"other order":   {{bundle.TypeReport, []byte("{}")}, {bundle.TypeEnvelope, []byte("{}")}},
		"three":         {{bundle.TypeEnvelope, []byte("{}")}, {bundle.TypeReport, []byte("{}")}, {bundle.TypeReport, []byte("{}")}},
		"other type":    {{bundle.TypeEnvelope, []byte("{}")}, {"text/html", []byte("{}")}},
		"large":         {{bundle.TypeEnvelope, make([]byte, bundle.MaxEnvelope+1)}, {bundle.TypeReport, []byte("{}")}},
		"report, large": {{bundle.TypeEnvelope, []byte("{}")}, {bundle.TypeReport, make([]byte, MaxReport+1)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			blobs, d, err := encodeReferrer(describe(ocispec.MediaTypeImageManifest, s.new.Blobs()[0].Data), bundle.TypeCertificate, layers...)
			if err != nil {
				t.Fatal(err)
			}
			for _, data := range blobs {
				write(t, s.blob(describe("", data).Digest.String()), string(data))
			}
			s.index(t, func(x *ocispec.Index) { x.Manifests = append(x.Manifests, d) })
			if _, err := s.Certificates(t.Context(), s.new); !errors.Is(err, bundle.ErrCorrupt) {
				t.Errorf("error %v, want ErrCorrupt", err)
			}
		})
	}
}

// oras finds the certificate with its report, and copies them with the bundle.
func TestInterop_Certificate(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	b, c := publishCertified(t, r, k, lab(t))
	store, err := oci.New(filepath.Join(r.dir, "acme", "shop"))
	if err != nil {
		t.Fatal(err)
	}
	desc, err := store.Resolve(t.Context(), "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	found, err := orasregistry.Referrers(t.Context(), store, desc, bundle.TypeCertificate)
	if err != nil || len(found) != 1 {
		t.Fatalf("oras finds %d certificates, %v", len(found), err)
	}
	layers, err := content.Successors(t.Context(), store, found[0])
	if err != nil {
		t.Fatal(err)
	}
	blobs := map[string][]byte{}
	for _, l := range layers {
		if blobs[l.MediaType], err = content.FetchAll(t.Context(), store, l); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(blobs[bundle.TypeEnvelope], c.Envelope) || !bytes.Equal(blobs[bundle.TypeReport], c.Report) {
		t.Errorf("oras finds %q", blobs)
	}
	copied := newRegistry(t)
	target, err := oci.New(filepath.Join(copied.dir, "acme", "shop"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := oras.ExtendedCopy(t.Context(), store, "1.0.0", target, "1.0.0", oras.DefaultExtendedCopyOptions); err != nil {
		t.Fatal(err)
	}
	if got, err := copied.Certificates(t.Context(), b); err != nil || len(got) != 1 {
		t.Errorf("of what oras copied: %d certificates, %v", len(got), err)
	}
}

// fakeCertifier says what it is told to.
type fakeCertifier func(ctx context.Context, b, previous *bundle.Bundle, skips []report.Skip) ([]byte, error)

func (f fakeCertifier) Certify(ctx context.Context, b, previous *bundle.Bundle, skips []report.Skip) ([]byte, error) {
	return f(ctx, b, previous, skips)
}

func TestPublish_Recertified(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	publishAll(t, r, k, "acme/shop@1.0.0")
	old, b := newBundle(t, "acme/shop@1.0.0", "readme"), newBundle(t, "acme/shop@1.1.0", "readme")
	certified := newReport(b)
	certified.Previous = old.Digest()
	c, err := bundle.Certify(b, certified, lab(t), time.Now(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	run := func(f fakeCertifier) error {
		o := PublishOptions{Certification: &c, CertifierKey: lab(t).Public(), Certifier: f}
		_, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), o)
		return err
	}
	before := files(t, r.dir)
	err = run(func(context.Context, *bundle.Bundle, *bundle.Bundle, []report.Skip) ([]byte, error) {
		other := newReport(b)
		other.Previous, other.Verdict, other.Figures[0].Fuel = old.Digest(), report.Fail, 9007199254740992
		other.Findings = []report.Finding{{Rule: "N001"}}
		return other.JSON()
	})
	want := strings.TrimPrefix(`
  /figures/0/fuel
    certified 9007199254740993
    here      9007199254740992
  /findings
    certified null
    here      [{"evidence":"","fix":"","place":"","reproduce":"","rule":"N001","severity":""}]
  /verdict
    certified "pass"
    here      "fail"`, "\n")
	if !errors.Is(err, ErrReportDiffers) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("another report: %v", err)
	}
	err = run(func(context.Context, *bundle.Bundle, *bundle.Bundle, []report.Skip) ([]byte, error) {
		return nil, context.DeadlineExceeded
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a run that fails: %v", err)
	}
	if diff := cmp.Diff(before, files(t, r.dir)); diff != "" {
		t.Errorf("refused, yet written:\n%s", diff)
	}
	err = run(func(_ context.Context, got, previous *bundle.Bundle, skips []report.Skip) ([]byte, error) {
		if got != b || previous.Digest() != old.Digest() {
			t.Errorf("asked for %s, compared with %s", got.Ref(), previous.Ref())
		}
		again := newReport(b)
		again.Previous, again.Skipped = old.Digest(), skips
		return again.JSON()
	})
	if err != nil {
		t.Errorf("the same report: %v", err)
	}
}

func TestPublish_PreviousMissing(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	b := newBundle(t, "acme/shop@1.1.0", "readme")
	certified := newReport(b)
	certified.Previous = "sha256:" + hash
	c, err := bundle.Certify(b, certified, lab(t), time.Now(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	o := PublishOptions{Certification: &c, CertifierKey: lab(t).Public(), Certifier: fakeCertifier(nil)}
	_, err = r.Publish(t.Context(), b, sign(t, b, k), k.Public(), o)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "the report compares with the version sha256:"+hash) {
		t.Errorf("error %v", err)
	}
}

func TestDifference(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, a, b, want string }{
		{"same in other bytes", `{"a":1}`, `{"a": 1}`, "  they say the same in other bytes: one is not as the report is written"},
		{"no JSON", `{`, `{}`, "  one of them is no JSON"},
		{"missing and added", `{"a":1}`, `{"b~/":[]}`, "  /a\n    certified 1\n    here      nothing\n  /b~0~1\n    certified nothing\n    here      []"},
		{"longer list", `[1]`, `[1,{"x":null}]`, "  /1\n    certified nothing\n    here      {\"x\":null}"},
		{"null is not nothing", `{"a":null}`, `{}`, "  /a\n    certified null\n    here      nothing"},
		{"other kinds", `{"a":{}}`, `{"a":[]}`, "  /a\n    certified {}\n    here      []"},
		{"many", `[1,2,3,4,5,6,7]`, `[]`, "  /0\n    certified 1\n    here      nothing\n  /1\n    certified 2\n    here      nothing\n" +
			"  /2\n    certified 3\n    here      nothing\n  /3\n    certified 4\n    here      nothing\n  /4\n    certified 5\n    here      nothing\n  and 2 more"},
		{"long", `"` + strings.Repeat("ä", 300) + `"`, `""`, "  \n    certified \"" + strings.Repeat("ä", 159) + "…\n    here      \"\""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, difference([]byte(test.a), []byte(test.b))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPublish_NotCompared: a report that looked away from the version before it is not published.
func TestPublish_NotCompared(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	publishAll(t, r, k, "acme/shop@1.0.0", "acme/shop@1.1.0", "acme/shop@3.0.0")
	b := newBundle(t, "acme/shop@2.0.0", "readme")
	if before, err := r.Before(t.Context(), b); err != nil || before.Ref() != "acme/shop@1.1.0" {
		t.Errorf("before 2.0.0 is %v, %v", before, err)
	}
	if before, err := r.Before(t.Context(), newBundle(t, "acme/shop@1.0.0", "readme")); err != nil || before != nil {
		t.Errorf("before the first is %v, %v", before, err)
	}
	for _, previous := range []string{"", newBundle(t, "acme/shop@1.0.0", "readme").Digest()} {
		certified := newReport(b)
		certified.Previous = previous
		c, err := bundle.Certify(b, certified, lab(t), time.Now(), time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		o := PublishOptions{Certification: &c, CertifierKey: lab(t).Public(), Certifier: fakeCertifier(nil)}
		_, err = r.Publish(t.Context(), b, sign(t, b, k), k.Public(), o)
		if !errors.Is(err, ErrNotCompared) || !strings.Contains(err.Error(), "--previous acme/shop@1.1.0") {
			t.Errorf("compared with %q: %v", previous, err)
		}
	}
}
