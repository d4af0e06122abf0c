package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"patchbay/bundle"
	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/registry"
)

// noteCertificate says who certified a connector, by which rules and with what left out, or why nobody did.
func noteCertificate(s *cli.Streams, b *bundle.Bundle, c host.Certified) {
	switch {
	case errors.Is(c.Problem, bundle.ErrUncertified):
		s.Note("not certified")
	case c.Problem != nil:
		s.Note("warning: it has a certificate that does not hold\n  %s", cli.Clean(c.Problem.Error()))
	default:
		s.Note("%s", certificate(b, c))
	}
}

func certificate(b *bundle.Bundle, c host.Certified) string {
	text := statement(&c.Certificate)
	if c.Certifier() == b.Manifest().Publisher {
		text += "\n  this is its publisher's own name"
	}
	if c.First {
		text += "\n  first use of this key of certifier " + c.Certifier() + ": it is remembered, and no other will be accepted"
	}
	return text
}

// statement is what a certificate says.
func statement(c *bundle.Certificate) string {
	lines := []string{
		fmt.Sprintf("certified by %s on %s until %s", c.Certifier(), day(c.Issued), day(c.Expires)),
		"key       " + c.Key.Fingerprint(),
		"rule set  " + cli.Clean(c.RuleSet),
	}
	if len(c.Warned) > 0 {
		lines = append(lines, "warnings  in the families "+cli.Clean(strings.Join(c.Warned, ", ")))
	}
	for _, k := range c.Skipped {
		lines = append(lines, fmt.Sprintf("skipped   %s: %s", cli.Clean(k.Rule), cli.Clean(k.Reason)))
	}
	return strings.Join(lines, "\n  ")
}

// certificateInfo is what 'host info' says of a certificate.
func certificateInfo(c *registry.Certified) string {
	switch {
	case c == nil:
		return "not certified"
	case c.Problem != "":
		return "it has a certificate that does not hold\n  " + cli.Clean(c.Problem)
	}
	return statement(c.Certificate)
}

// certifiedOf is what holds now of the certificate that a connector was installed with.
func certifiedOf(rec host.Installed, now time.Time) *registry.Certified {
	switch c := rec.Certificate; {
	case c == nil:
		return nil
	case c.Expired(now):
		return &registry.Certified{Certificate: c, Problem: "it expired on " + day(c.Expires)}
	default:
		return &registry.Certified{Certificate: c}
	}
}

// doubtful reports whether a certificate is there that somebody should know about before the connector is used.
func doubtful(c host.Certified) bool {
	return c.Problem != nil && !errors.Is(c.Problem, bundle.ErrUncertified)
}

// certifiedNow is what a list of installed connectors says.
func certifiedNow(rec host.Installed, now time.Time) string {
	switch c := rec.Certificate; {
	case c == nil:
		return "no"
	case c.Expired(now):
		return "expired on " + day(c.Expires)
	default:
		return "by " + c.Certifier() + " until " + day(c.Expires)
	}
}

// certifiedThere is what a list of published connectors says.
func certifiedThere(l registry.Listing) string {
	switch {
	case l.Certified == nil:
		return "no"
	case l.Certified.Problem != "":
		return "does not hold"
	}
	return "by " + l.Certified.Certifier()
}

func day(t time.Time) string { return t.Local().Format(time.DateOnly) }
