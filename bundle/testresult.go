package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"patchbay/abi"
	"patchbay/testkit/report"
)

// testResultType is in-toto's predicate for the result of tests, version 0.1.
const testResultType = "https://in-toto.io/attestation/test-result/v0.1"

// Results of the predicate.
const (
	passed = "PASSED"
	warned = "WARNED"
	failed = "FAILED"
)

// testResult is what a certifier signs. Its tests are families of rules.
type testResult struct {
	Result        string               `json:"result"`
	Configuration []resourceDescriptor `json:"configuration"` // the rule set, alone
	Passed        []string             `json:"passedTests"`
	Warned        []string             `json:"warnedTests"`
	Failed        []string             `json:"failedTests"`
	Extension     extension            `json:"patchbay"`
}

type resourceDescriptor struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// extension holds what in-toto has no field for. Readers that do not know it lose no reason to refuse.
type extension struct {
	Report  map[string]string `json:"report"` // the report's digest
	Skipped []report.Skip     `json:"skipped,omitempty"`
	Issued  time.Time         `json:"issued"`
	Expires time.Time         `json:"expires"`
}

type testResultStatement = statementOf[testResult]

func newTestResult(b *Bundle, r *report.Report, digest string, issued, expires time.Time) (testResultStatement, error) {
	name, hash, err := parseRuleSet(r.RuleSet)
	if err != nil {
		return testResultStatement{}, err
	}
	issued, expires = issued.UTC().Truncate(time.Second), expires.UTC().Truncate(time.Second)
	if !expires.After(issued) {
		return testResultStatement{}, fmt.Errorf("the certificate would end at %v, before it begins at %v", expires, issued)
	}
	p := testResult{
		Result:        passed,
		Configuration: []resourceDescriptor{{Name: name, Digest: map[string]string{"sha256": hash}}},
		Passed:        []string{}, Warned: []string{}, Failed: []string{},
		Extension: extension{
			Report:  map[string]string{"sha256": strings.TrimPrefix(digest, "sha256:")},
			Skipped: r.Skipped, Issued: issued, Expires: expires,
		},
	}
	p.sort(r.Families)
	return testResultStatement{Type: statementType, Subject: subjects(b), PredicateType: testResultType, Predicate: p}, nil
}

// sort puts the families where they belong. None has failed: there would be no certificate.
func (p *testResult) sort(families []report.Family) {
	for _, f := range families {
		if f.Warnings > 0 {
			p.Result = warned
			p.Warned = append(p.Warned, f.ID)
		} else {
			p.Passed = append(p.Passed, f.ID)
		}
	}
}

var (
	ruleSetPattern = regexp.MustCompile(`^(\S{1,80}) sha256:([0-9a-f]{64})$`)
	hashPattern    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func parseRuleSet(s string) (name, hash string, err error) {
	m := ruleSetPattern.FindStringSubmatch(s)
	if m == nil {
		return "", "", fmt.Errorf("the report's rule set is %.120q, want NAME sha256:HEX", s)
	}
	return m[1], m[2], nil
}

// readCertificate reads a statement that k has signed.
func readCertificate(s testResultStatement, k PublicKey) (Certificate, error) {
	p, x := s.Predicate, s.Predicate.Extension
	if !slices.Contains([]string{passed, warned, failed}, p.Result) {
		return Certificate{}, fmt.Errorf("the result is %.20q, want %s, %s or %s", p.Result, passed, warned, failed)
	}
	if len(p.Configuration) != 1 {
		return Certificate{}, fmt.Errorf("the statement has %d configurations, want one, the rule set", len(p.Configuration))
	}
	ruleSet := p.Configuration[0].Name + " sha256:" + p.Configuration[0].Digest["sha256"]
	if _, _, err := parseRuleSet(ruleSet); err != nil {
		return Certificate{}, err
	}
	bundle, report := s.Subject[0].Digest["sha256"], x.Report["sha256"]
	if !hashPattern.MatchString(bundle) || !hashPattern.MatchString(report) {
		return Certificate{}, errors.New("the digest of the bundle or of the report is not SHA-256")
	}
	if x.Issued.IsZero() || !x.Expires.After(x.Issued) {
		return Certificate{}, errors.New("it does not say from when until when it holds")
	}
	return Certificate{
		Key: k, Bundle: "sha256:" + bundle, RuleSet: ruleSet, Report: "sha256:" + report,
		Warned: p.Warned, Skipped: x.Skipped, Issued: x.Issued.UTC(), Expires: x.Expires.UTC(),
	}, nil
}

// checkReport reports whether data is the report that was certified, and says what the certificate says.
func (c Certificate) checkReport(data []byte) error {
	if got := digestOf(data); got != c.Report {
		return fmt.Errorf("it is for the report %s, but %s came with it", c.Report, got)
	}
	if err := abi.CheckJSON(data); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var r report.Report
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := certifiable(c.Bundle, &r); err != nil {
		return err
	}
	if r.RuleSet != c.RuleSet || !slices.Equal(r.Skipped, c.Skipped) {
		return errors.New("its report has another rule set, or other skipped rules")
	}
	return nil
}
