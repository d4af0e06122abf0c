package bundle

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"patchbay/testkit/report"
)

// Validity is how long a certificate holds unless its certifier says otherwise: 365 days. A verdict is about vendors
// and rules as they were; a year later somebody should look again, and whoever still maintains a connector has by
// then had reason to publish a version.
const Validity = 365 * 24 * time.Hour

// Certification is a certificate's envelope with the report that it vouches for, as report.Report.JSON gives it. It is
// no better than the key it verifies with, see [VerifyCertificate].
type Certification struct {
	Envelope Envelope
	Report   []byte
}

// Certificate is what a certifier says about a bundle, once the signature is known to be good.
type Certificate struct {
	Key     PublicKey     `json:"key"`               // the certifier's, bound to its name
	Bundle  string        `json:"bundle"`            // digest
	RuleSet string        `json:"ruleset"`           // as in the report: "NAME sha256:HEX"
	Report  string        `json:"report"`            // digest
	Warned  []string      `json:"warned,omitempty"`  // families of rules with warnings
	Skipped []report.Skip `json:"skipped,omitempty"` // rules that the author left out, and why
	Issued  time.Time     `json:"issued"`
	Expires time.Time     `json:"expires"`
}

// Certifier returns the name that the certifier's key is bound to.
func (c Certificate) Certifier() string { return c.Key.publisher }

// Expired reports whether the certificate's time is over.
func (c Certificate) Expired(now time.Time) bool { return !now.Before(c.Expires) }

// Certify signs what r says about b. Times are kept in whole seconds. It refuses a report on another bundle, one on a
// part of the rules only, and one whose verdict is not pass; the last matches [ErrFailed].
func Certify(b *Bundle, r *report.Report, k *Key, issued, expires time.Time) (Certification, error) {
	fail := func(err error) (Certification, error) {
		return Certification{}, fmt.Errorf("certify %s: %w", b.Ref(), err)
	}
	if err := certifiable(b.Digest(), r); err != nil {
		return fail(err)
	}
	data, err := r.JSON()
	if err != nil {
		return fail(err)
	}
	s, err := newTestResult(b, r, digestOf(data), issued, expires)
	if err != nil {
		return fail(err)
	}
	e, err := seal(s, k)
	if err == nil && len(e) > MaxEnvelope {
		err = fmt.Errorf("the certificate would have %d bytes, at most %d are allowed: shorten the reasons of skipped rules", len(e), MaxEnvelope)
	}
	if err != nil {
		return fail(err)
	}
	return Certification{Envelope: e, Report: data}, nil
}

// certifiable refuses reports that no certificate may stand on.
func certifiable(digest string, r *report.Report) error {
	switch {
	case r.Bundle != digest:
		return fmt.Errorf("the report is on %.80q, not on %s", r.Bundle, digest)
	case len(r.Only) > 0:
		return errors.New("the report is on some rules only")
	case r.Verdict != report.Pass || r.Count(report.Error) > 0:
		return fmt.Errorf("%w: the report's verdict is %.20q, with %d error(s)", ErrFailed, r.Verdict, r.Count(report.Error))
	}
	return nil
}

// VerifyCertificate returns what a trusted certifier says about the bundle with this digest: by the certificate that
// holds longest, if there are several. keys are those of the certifiers that the caller trusts.
//
// When none holds, the error matches one of [ErrCorrupt] (it, or its report, was changed after it was signed),
// [ErrFailed], [ErrOtherBundle], [ErrExpired], [ErrUnknownCertifier], the first of these that fits any, or
// [ErrUncertified] if there is none at all. The certificate that comes with ErrExpired or ErrFailed is what was signed.
func VerifyCertificate(digest string, keys []PublicKey, now time.Time, all ...Certification) (Certificate, error) {
	var best Certificate
	problem := ErrUncertified
	for _, c := range all {
		got, err := verifyCertificate(digest, keys, now, c)
		better := gravity(err) > gravity(problem) || gravity(err) == gravity(problem) && got.Expires.After(best.Expires)
		if better {
			best, problem = got, err
		}
	}
	return best, problem
}

// gravity orders what may come of a certificate: one that holds goes before what is wrong with others, and what points
// to an attack or a defect before what is merely not known.
func gravity(err error) int {
	if err == nil {
		return len(gravest) + 1
	}
	return slices.IndexFunc(gravest, func(target error) bool { return errors.Is(err, target) })
}

var gravest = []error{ErrUncertified, ErrUnknownCertifier, ErrExpired, ErrOtherBundle, ErrFailed, ErrCorrupt}

func verifyCertificate(digest string, keys []PublicKey, now time.Time, c Certification) (Certificate, error) {
	env, err := parseEnvelope(c.Envelope)
	if err != nil {
		return Certificate{}, badCertificate(err.Error())
	}
	k, payload, ok := signedBy(env, keys)
	if !ok {
		return Certificate{}, notSigned(env.Signatures[0].KeyID, keys)
	}
	s, err := decodeStatement[testResult](testResultType, env.PayloadType, payload)
	if err != nil {
		return Certificate{}, badCertificate(err.Error())
	}
	got, err := readCertificate(s, k)
	if err != nil {
		return Certificate{}, badCertificate(err.Error())
	}
	switch {
	case got.Bundle != digest:
		return Certificate{}, fmt.Errorf("%w: it is for %s with the digest %s", ErrOtherBundle, s.Subject[0].Name, got.Bundle)
	case s.Predicate.Result == failed:
		return got, fmt.Errorf("%w: %s found errors in %s", ErrFailed, k.publisher, strings.Join(s.Predicate.Failed, ", "))
	}
	if err := got.checkReport(c.Report); err != nil {
		return Certificate{}, badCertificate(err.Error())
	}
	if got.Expired(now) {
		return got, fmt.Errorf("%w: it held until %s", ErrExpired, got.Expires.Format(time.DateOnly))
	}
	return got, nil
}

// notSigned tells a certificate of somebody unknown from one that was changed after a known key signed it.
func notSigned(claim string, keys []PublicKey) error {
	i := slices.IndexFunc(keys, func(k PublicKey) bool { return k.Fingerprint() == claim })
	if i < 0 {
		return fmt.Errorf("%w: it is signed by the key %.60q, which is not a trusted certifier's", ErrUnknownCertifier, claim)
	}
	return badCertificate(fmt.Sprintf("bad signature by the key %s of %s", claim, keys[i].publisher))
}

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }
