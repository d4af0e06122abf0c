package bundle

import (
	"encoding/json"
	"fmt"
	"strings"

	"patchbay/abi"
)

const (
	payloadType   = "application/vnd.in-toto+json"
	statementType = "https://in-toto.io/Statement/v1"
	predicateType = "urn:patchbay:publication:v1"
)

// statement is what a publisher signs, an in-toto statement.
type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     predicate `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

type predicate struct {
	Publisher string `json:"publisher"`
	Version   string `json:"version"`
}

func newStatement(b *Bundle) statement {
	m := b.manifest
	return statement{
		Type: statementType,
		Subject: []subject{{
			Name:   m.Publisher + "/" + m.Name,
			Digest: map[string]string{"sha256": strings.TrimPrefix(b.Digest(), "sha256:")},
		}},
		PredicateType: predicateType,
		Predicate:     predicate{Publisher: m.Publisher, Version: m.Version},
	}
}

// checkStatement reports whether payload, whose signature is good, says that b is published.
func checkStatement(b *Bundle, mediaType string, payload []byte) error {
	if mediaType != payloadType {
		return fmt.Errorf("the envelope holds %.60q, not %s", mediaType, payloadType)
	}
	if err := abi.CheckJSON(payload); err != nil {
		return fmt.Errorf("statement: %w", err)
	}
	var got statement
	if err := json.Unmarshal(payload, &got); err != nil {
		return fmt.Errorf("statement: %w", err)
	}
	if got.Type != statementType || got.PredicateType != predicateType {
		return fmt.Errorf("the statement is of type %.60q about %.60q, not %s about %s",
			got.Type, got.PredicateType, statementType, predicateType)
	}
	want := newStatement(b)
	if len(got.Subject) != 1 || len(got.Subject[0].Digest) != 1 {
		return fmt.Errorf("the statement has %d subjects, want one with one digest", len(got.Subject))
	}
	if s, w := got.Subject[0], want.Subject[0]; s.Name != w.Name || s.Digest["sha256"] != w.Digest["sha256"] {
		return fmt.Errorf("the signature is for %.80q with the digest %.80q, not for %s", s.Name, s.Digest["sha256"], b.Digest())
	}
	if got.Predicate != want.Predicate {
		return fmt.Errorf("the signature is for %.60q of %.60q", got.Predicate.Version, got.Predicate.Publisher)
	}
	return nil
}
