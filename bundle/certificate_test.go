package bundle

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"patchbay/testkit/report"
)

var (
	issued  = time.Date(2026, 11, 26, 8, 0, 0, 500, time.FixedZone("CET", 3600))
	expires = issued.Add(Validity)
)

const ruleSet = "patchbay/1 sha256:" + "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// testReport is clean but for a warning and a skipped rule.
func testReport(b *Bundle) *report.Report {
	return &report.Report{
		Verdict: report.Pass, RuleSet: ruleSet, Connector: b.Ref(), Bundle: b.Digest(),
		Skipped:  []report.Skip{{Rule: "M004", Reason: "the icon is <b>ours</b>"}},
		Findings: []report.Finding{{Rule: "D002", Severity: report.Warning, Place: "README.md:1"}},
		Families: []report.Family{{ID: "D", Rules: 4, Broken: 1, Warnings: 1}, {ID: "N", Rules: 9}},
	}
}

func fixedKey(name string, seed byte) *Key {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return &Key{public: newPublicKey(name, private.Public().(ed25519.PublicKey)), private: private}
}

func mustCertify(t testing.TB, b *Bundle, k *Key) Certification {
	t.Helper()
	c, err := Certify(b, testReport(b), k, issued, expires)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCertify(t *testing.T) {
	t.Parallel()
	b, k := mustNew(t, smallContents(t)), fixedKey("lab", 1)
	c := mustCertify(t, b, k)
	if !bytes.Equal(c.Envelope, mustCertify(t, b, k).Envelope) {
		t.Error("two certificates of the same report differ")
	}
	got, err := VerifyCertificate(b.Digest(), []PublicKey{testKey(t, "other").Public(), k.Public()}, issued, c)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := testReport(b).Digest()
	if err != nil {
		t.Fatal(err)
	}
	want := Certificate{
		Key: k.Public(), Bundle: b.Digest(), RuleSet: ruleSet, Report: digest, Warned: []string{"D"}, Skipped: testReport(b).Skipped,
		Issued: time.Date(2026, 11, 26, 7, 0, 0, 0, time.UTC), Expires: time.Date(2027, 11, 26, 7, 0, 0, 0, time.UTC),
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(PublicKey{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Certifier() != "lab" {
		t.Errorf("the certifier is %q", got.Certifier())
	}
	data, err := json.Marshal(got) // as records of what is installed keep it
	if err != nil {
		t.Fatal(err)
	}
	var kept Certificate
	if err := json.Unmarshal(data, &kept); err != nil || kept.Key != k.Public() || !kept.Expires.Equal(got.Expires) {
		t.Errorf("kept as %s and read as %+v, %v", data, kept, err)
	}
}

// The statement is in-toto's test-result, version 0.1, as other tools read it.
func TestCertify_Statement(t *testing.T) {
	t.Parallel()
	c := mustCertify(t, mustNew(t, smallContents(t)), fixedKey("lab", 1))
	env, err := parseEnvelope(c.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := env.DecodeB64Payload()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	digest := strings.TrimPrefix(digestOf(c.Report), "sha256:") // changes with the report's form, which is not ours
	if err := json.Indent(&got, bytes.Replace(payload, []byte(digest), []byte("<report>"), 1), "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	path := filepath.Join("testdata", "certificate.json")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCertify_Refuses(t *testing.T) {
	t.Parallel()
	b := mustNew(t, smallContents(t))
	for _, test := range []struct {
		name   string
		change func(*report.Report)
		end    time.Time
		is     error
		want   string
	}{
		{"verdict", func(r *report.Report) { r.Verdict = report.Fail }, expires, ErrFailed, `verdict is "fail"`},
		{"no verdict", func(r *report.Report) { r.Verdict = "" }, expires, ErrFailed, `verdict is ""`},
		{"an error", func(r *report.Report) { r.Findings[0].Severity = report.Error }, expires, ErrFailed, "1 error(s)"},
		{"some rules", func(r *report.Report) { r.Only = []string{"N001"} }, expires, nil, "some rules only"},
		{"other bundle", func(r *report.Report) { r.Bundle = "sha256:00" }, expires, nil, `"sha256:00", not on ` + b.Digest()},
		{"rule set", func(r *report.Report) { r.RuleSet = "patchbay/1" }, expires, nil, "want NAME sha256:HEX"},
		{"long", func(r *report.Report) { r.Skipped[0].Reason = strings.Repeat("x", MaxEnvelope) }, expires, nil, "shorten the reasons"},
		{"no time", func(*report.Report) {}, issued.Add(time.Microsecond), nil, "before it begins"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := testReport(b)
			test.change(r)
			_, err := Certify(b, r, fixedKey("lab", 1), issued, test.end)
			if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestVerifyCertificate_Refuses(t *testing.T) {
	t.Parallel()
	b, k := mustNew(t, smallContents(t)), fixedKey("lab", 1)
	other := mustNew(t, testContents(t))
	good := mustCertify(t, b, k)
	env, err := parseEnvelope(good.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := env.DecodeB64Payload()
	if err != nil {
		t.Fatal(err)
	}
	state := func(change func(*testResultStatement)) Certification {
		return Certification{forge(t, k, payloadType, edit(t, payload, change)), good.Report}
	}
	// reports signs whatever report it is given.
	reports := func(change func(*report.Report)) Certification {
		r := testReport(b)
		change(r)
		data, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		c := state(func(s *testResultStatement) {
			s.Predicate.Extension.Report["sha256"] = strings.TrimPrefix(digestOf(data), "sha256:")
		})
		return Certification{c.Envelope, data}
	}
	signature := Certification{forge(t, k, payloadType, mustJSON(t, newStatement(b))), good.Report}
	for _, test := range []struct {
		name  string
		cert  Certification
		is    error
		want  string
		facts bool // come with the error
	}{
		{"unknown key", mustCertify(t, b, fixedKey("lab", 2)), ErrUnknownCertifier, "not a trusted certifier's", false},
		{"bad signature", Certification{edit(t, good.Envelope, func(e *dsse.Envelope) { e.PayloadType = "x" }), good.Report}, ErrCorrupt, "bad signature by the key " + k.Public().Fingerprint() + " of lab", false},
		{"no envelope", Certification{nil, good.Report}, ErrCorrupt, "envelope: ", false},
		{"other bundle", mustCertify(t, other, k), ErrOtherBundle, other.Digest(), false},
		{"failed", state(func(s *testResultStatement) {
			s.Predicate.Result, s.Predicate.Failed = failed, []string{"N", "R"}
		}), ErrFailed, "lab found errors in N, R", true},
		{"expired", state(func(s *testResultStatement) {
			s.Predicate.Extension.Issued, s.Predicate.Extension.Expires = issued.Add(-2*time.Hour), issued
		}), ErrExpired, "until 2026-11-26", true},
		{"a publisher's statement", signature, ErrCorrupt, predicateType, false},
		{"other payload", Certification{forge(t, k, "text/plain", payload), good.Report}, ErrCorrupt, `"text/plain"`, false},
		{"result", state(func(s *testResultStatement) { s.Predicate.Result = "GOOD" }), ErrCorrupt, `"GOOD"`, false},
		{"no rule set", state(func(s *testResultStatement) { s.Predicate.Configuration = nil }), ErrCorrupt, "0 configurations", false},
		{"rule set", state(func(s *testResultStatement) { s.Predicate.Configuration[0].Digest = nil }), ErrCorrupt, "rule set", false},
		{"no report", state(func(s *testResultStatement) { s.Predicate.Extension.Report = nil }), ErrCorrupt, "not SHA-256", false},
		{"bundle's digest", state(func(s *testResultStatement) { s.Subject[0].Digest["sha256"] = "x" }), ErrCorrupt, "not SHA-256", false},
		{"no subject", state(func(s *testResultStatement) { s.Subject = nil }), ErrCorrupt, "0 subjects", false},
		{"no end", state(func(s *testResultStatement) { s.Predicate.Extension.Expires = time.Time{} }), ErrCorrupt, "until when", false},
		{"no beginning", state(func(s *testResultStatement) { s.Predicate.Extension.Issued = time.Time{} }), ErrCorrupt, "until when", false},
		{"other report", Certification{good.Envelope, append(bytes.Clone(good.Report), ' ')}, ErrCorrupt, "came with it", false},
		{"report with two readings", Certification{state(func(s *testResultStatement) {
			s.Predicate.Extension.Report["sha256"] = strings.TrimPrefix(digestOf([]byte(`{"verdict":"fail","verdict":"pass"}`)), "sha256:")
		}).Envelope, []byte(`{"verdict":"fail","verdict":"pass"}`)}, ErrCorrupt, "duplicate key", false},
		{"report that failed", reports(func(r *report.Report) { r.Verdict = report.Fail }), ErrCorrupt, `verdict is "fail"`, false},
		{"report on another", reports(func(r *report.Report) { r.Bundle = other.Digest() }), ErrCorrupt, "the report is on", false},
		{"report by other rules", reports(func(r *report.Report) { r.RuleSet = "x" }), ErrCorrupt, "another rule set", false},
		{"report with other skips", reports(func(r *report.Report) { r.Skipped = nil }), ErrCorrupt, "other skipped rules", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := VerifyCertificate(b.Digest(), []PublicKey{k.Public()}, issued, test.cert)
			if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %v with %q", err, test.is, test.want)
			}
			if (got.Key == k.Public()) != test.facts {
				t.Errorf("with the error came %+v", got)
			}
			both, err := VerifyCertificate(b.Digest(), []PublicKey{k.Public()}, issued, test.cert, good)
			if err != nil || both.Bundle != b.Digest() {
				t.Errorf("with a good one beside it: %v", err)
			}
		})
	}
}

// Of several that hold the longest counts; of several that do not, the gravest.
func TestVerifyCertificate_Several(t *testing.T) {
	t.Parallel()
	b, k := mustNew(t, smallContents(t)), fixedKey("lab", 1)
	if _, err := VerifyCertificate(b.Digest(), []PublicKey{k.Public()}, issued); !errors.Is(err, ErrUncertified) {
		t.Errorf("none: %v", err)
	}
	var all []Certification
	for _, days := range []time.Duration{10, 30, 20} {
		c, err := Certify(b, testReport(b), k, issued, issued.Add(days*24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for now, want := range map[time.Time]error{issued: nil, expires: ErrExpired} {
		got, err := VerifyCertificate(b.Digest(), []PublicKey{k.Public()}, now, all...)
		if !errors.Is(err, want) || got.Expires.Sub(got.Issued) != 30*24*time.Hour {
			t.Errorf("at %v: %+v, %v", now, got, err)
		}
	}
	all = append(all, mustCertify(t, b, fixedKey("lab", 2)), Certification{})
	if _, err := VerifyCertificate(b.Digest(), []PublicKey{k.Public()}, expires, all...); !errors.Is(err, ErrCorrupt) {
		t.Errorf("expired, unknown, corrupt: %v", err)
	}
}

// A flipped bit in the envelope or the report is refused, or the certificate means what it did.
func TestVerifyCertificate_FlippedBits(t *testing.T) {
	t.Parallel()
	b, k := mustNew(t, smallContents(t)), fixedKey("lab", 1)
	good := mustCertify(t, b, k)
	want, err := VerifyCertificate(b.Digest(), []PublicKey{k.Public()}, issued, good)
	if err != nil {
		t.Fatal(err)
	}
	check := func(part string, i int, c Certification) {
		t.Helper()
		got, err := VerifyCertificate(b.Digest(), []PublicKey{k.Public()}, issued, c)
		switch {
		case err == nil && !cmp.Equal(want, got, cmp.AllowUnexported(PublicKey{})):
			t.Fatalf("%s: byte %d was flipped, and it means %+v", part, i, got)
		case err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnknownCertifier):
			t.Fatalf("%s: byte %d: %v", part, i, err)
		case err == nil && part == "report":
			t.Fatalf("%s: byte %d was flipped and nobody saw", part, i)
		}
	}
	for _, bit := range []byte{1, 0x20, 0x80} {
		for i := range good.Envelope {
			e := bytes.Clone(good.Envelope)
			e[i] ^= bit
			check("envelope", i, Certification{e, good.Report})
		}
		for i := range good.Report {
			r := bytes.Clone(good.Report)
			r[i] ^= bit
			check("report", i, Certification{good.Envelope, r})
		}
	}
}

// A certifier's signature makes no publisher, whoever it is.
func TestVerify_NoCertificate(t *testing.T) {
	t.Parallel()
	b, k := mustNew(t, smallContents(t)), fixedKey("acme", 1)
	if _, err := Verify(b, []PublicKey{k.Public()}, mustCertify(t, b, k).Envelope); !errors.Is(err, ErrUntrusted) {
		t.Errorf("error %v", err)
	}
}

// Whatever the bytes are: what is accepted is what was signed.
func FuzzVerifyCertificate(f *testing.F) {
	k := fixedKey("lab", 1)
	b := mustNew(f, smallContents(f))
	good := mustCertify(f, b, k)
	want, err := VerifyCertificate(b.Digest(), []PublicKey{k.Public()}, issued, good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(good.Envelope), good.Report)
	f.Add([]byte(mustSign(f, b, fixedKey("acme", 1))), []byte("{}"))
	f.Fuzz(func(t *testing.T, envelope, report []byte) {
		got, err := VerifyCertificate(b.Digest(), []PublicKey{k.Public()}, issued, Certification{envelope, report})
		if err == nil && !cmp.Equal(want, got, cmp.AllowUnexported(PublicKey{})) {
			t.Errorf("accepted %+v", got)
		}
		if err != nil && gravity(err) < 1 {
			t.Errorf("the error is none of the documented: %v", err)
		}
	})
}

// Whoever signs a statement cannot make its reader panic, or believe in a certificate without an end.
func FuzzReadCertificate(f *testing.F) {
	k := fixedKey("lab", 1)
	b := mustNew(f, smallContents(f))
	s, err := newTestResult(b, testReport(b), b.Digest(), issued, expires)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(mustJSON(f, s))
	f.Add(mustJSON(f, newStatement(b)))
	f.Fuzz(func(t *testing.T, payload []byte) {
		s, err := decodeStatement[testResult](testResultType, payloadType, payload)
		if err != nil {
			return
		}
		c, err := readCertificate(s, k.Public())
		if err != nil {
			return
		}
		if !c.Expired(c.Expires) || c.Expired(c.Issued) || !strings.HasPrefix(c.Bundle, "sha256:") || len(c.Report) != len(c.Bundle) {
			t.Errorf("accepted %+v", c)
		}
	})
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
