package host

import (
	"errors"
	"strings"
	"testing"
	"time"

	"patchbay/bundle"
	"patchbay/testkit/report"
)

func newKey(t *testing.T, name string) *bundle.Key {
	t.Helper()
	k, err := bundle.GenerateKey(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// certify makes a certificate that begins an hour before the world's time and ends after d.
func certify(t *testing.T, w *world, b *bundle.Bundle, k *bundle.Key, d time.Duration) bundle.Certification {
	t.Helper()
	r := &report.Report{Verdict: report.Pass, RuleSet: "patchbay/1 sha256:" + strings.Repeat("0", 64), Bundle: b.Digest()}
	begin := w.cfg.Now().Add(-time.Hour)
	c, err := bundle.Certify(b, r, k, begin, begin.Add(d))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCertified(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBundle(t, shop)
	lab, thief, other := newKey(t, "lab"), newKey(t, "lab"), newKey(t, "other")
	day := 24 * time.Hour
	claims := func(keys ...*bundle.Key) (list []bundle.PublicKey) {
		for _, k := range keys {
			list = append(list, k.Public())
		}
		return list
	}
	look := func(claims []bundle.PublicKey, all ...bundle.Certification) Certified {
		t.Helper()
		c, err := w.Certified(t.Context(), b, claims, all...)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := look(nil); !errors.Is(c.Problem, bundle.ErrUncertified) || c.First || c.Kept() != nil {
		t.Errorf("without a certificate: %+v", c)
	}
	if c := look(nil, certify(t, w, b, lab, day)); !errors.Is(c.Problem, bundle.ErrUnknownCertifier) || c.First || c.Kept() != nil {
		t.Errorf("by nobody known: %+v", c)
	}
	if c := look(claims(lab), certify(t, w, b, lab, day)); c.Problem != nil || !c.First || c.Key != lab.Public() || c.Kept() == nil {
		t.Errorf("by a claimed key: %+v", c)
	}
	for range 2 {
		if err := w.PinCertifier(t.Context(), lab.Public()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.PinCertifier(t.Context(), thief.Public()); !errors.Is(err, bundle.ErrUntrusted) || !strings.Contains(err.Error(), "certifier lab is known by the key "+lab.Public().Fingerprint()) {
		t.Errorf("pinning another key gives %v", err)
	}
	if err := w.Pin(t.Context(), thief.Public()); err != nil {
		t.Errorf("a publisher may have a certifier's name: %v", err)
	}
	if c := look(claims(thief), certify(t, w, b, lab, day)); c.Problem != nil || c.First {
		t.Errorf("by the pinned key: %+v", c)
	}
	if c := look(claims(thief), certify(t, w, b, thief, day)); !errors.Is(c.Problem, bundle.ErrUnknownCertifier) {
		t.Errorf("by a key that the registry put in the place of the pinned one: %+v", c)
	}
	if c := look(claims(other), certify(t, w, b, other, day)); c.Problem != nil || !c.First {
		t.Errorf("by another certifier: %+v", c)
	}
	if c := look(nil, certify(t, w, b, lab, time.Minute)); !errors.Is(c.Problem, bundle.ErrExpired) || c.Kept() == nil {
		t.Errorf("expired: %+v", c)
	}
	bad := certify(t, w, b, lab, day)
	bad.Report = append(bad.Report, ' ')
	if _, err := w.Certified(t.Context(), b, nil, bad); !errors.Is(err, bundle.ErrCorrupt) {
		t.Errorf("changed: %v", err)
	}
}

// Only a certified connector runs in the host's process, unless that is forced.
func TestIsolate_Certified(t *testing.T) {
	t.Parallel()
	w, b, lab := newWorld(t), newBundle(t, shop), newKey(t, "lab")
	install := func(d time.Duration) Installed {
		t.Helper()
		var c *bundle.Certificate
		if d > 0 {
			got, err := bundle.VerifyCertificate(b.Digest(), []bundle.PublicKey{lab.Public()}, time.Time{}, certify(t, w, b, lab, d))
			if err != nil {
				t.Fatal(err)
			}
			c = &got
		}
		rec, err := w.Install(t.Context(), b, "SHA256:test", c)
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	install(0)
	if _, err := w.Isolate(t.Context(), "shop", InProcess, false); !errors.Is(err, bundle.ErrUncertified) {
		t.Errorf("uncertified: %v", err)
	}
	if _, err := w.Isolate(t.Context(), "shop", Process, false); err != nil {
		t.Errorf("uncertified, into a process: %v", err)
	}
	install(time.Minute)
	if _, err := w.Isolate(t.Context(), "shop", InProcess, false); !errors.Is(err, bundle.ErrExpired) {
		t.Errorf("expired: %v", err)
	}
	install(24 * time.Hour)
	rec, err := w.Isolate(t.Context(), "shop", InProcess, false)
	if err != nil || rec.Isolation != InProcess || rec.Certificate.Certifier() != "lab" {
		t.Fatalf("certified: %+v, %v", rec, err)
	}
	if rec := install(24 * time.Hour); rec.Isolation != InProcess {
		t.Errorf("a certified upgrade moved it: %+v", rec)
	}
	if rec := install(0); rec.Isolation != Process {
		t.Errorf("an uncertified upgrade stays in the host's process: %+v", rec)
	}
	kept, err := w.Installed(t.Context(), "shop")
	if err != nil || kept.Certificate != nil {
		t.Errorf("the old version's certificate stays: %+v, %v", kept, err)
	}
	entries := w.audit.entries
	if got := entries[len(entries)-4].Detail["certified"]; !strings.HasPrefix(got, "lab SHA256:") {
		t.Errorf("the audit log says %q of %+v", got, entries)
	}
}
