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

// statementOf is an in-toto statement with a predicate of one type.
type statementOf[P any] struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     P         `json:"predicate"`
}

// statement is what a publisher signs.
type statement = statementOf[predicate]

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

type predicate struct {
	Publisher string `json:"publisher"`
	Version   string `json:"version"`
}

func newStatement(b *Bundle) statement {
	return statement{
		Type: statementType, Subject: subjects(b), PredicateType: predicateType,
		Predicate: predicate{Publisher: b.manifest.Publisher, Version: b.manifest.Version},
	}
}

func subjects(b *Bundle) []subject {
	return []subject{{
		Name:   b.manifest.Publisher + "/" + b.manifest.Name,
		Digest: map[string]string{"sha256": strings.TrimPrefix(b.Digest(), "sha256:")},
	}}
}

// decodeStatement reads a payload whose signature is good. The statement is of the predicate's type and has one
// subject with one digest.
func decodeStatement[P any](predicateType, mediaType string, payload []byte) (statementOf[P], error) {
	var s statementOf[P]
	if mediaType != payloadType {
		return s, fmt.Errorf("the envelope holds %.60q, not %s", mediaType, payloadType)
	}
	if err := abi.CheckJSON(payload); err != nil {
		return s, fmt.Errorf("statement: %w", err)
	}
	if err := json.Unmarshal(payload, &s); err != nil {
		return s, fmt.Errorf("statement: %w", err)
	}
	if s.Type != statementType || s.PredicateType != predicateType {
		return s, fmt.Errorf("the statement is of type %.60q about %.60q, not %s about %s",
			s.Type, s.PredicateType, statementType, predicateType)
	}
	if len(s.Subject) != 1 || len(s.Subject[0].Digest) != 1 {
		return s, fmt.Errorf("the statement has %d subjects, want one with one digest", len(s.Subject))
	}
	return s, nil
}

// checkStatement reports whether payload, whose signature is good, says that b is published.
func checkStatement(b *Bundle, mediaType string, payload []byte) error {
	got, err := decodeStatement[predicate](predicateType, mediaType, payload)
	if err != nil {
		return err
	}
	want := newStatement(b)
	if s, w := got.Subject[0], want.Subject[0]; s.Name != w.Name || s.Digest["sha256"] != w.Digest["sha256"] {
		return fmt.Errorf("the signature is for %.80q with the digest %.80q, not for %s", s.Name, s.Digest["sha256"], b.Digest())
	}
	if got.Predicate != want.Predicate {
		return fmt.Errorf("the signature is for %.60q of %.60q", got.Predicate.Version, got.Predicate.Publisher)
	}
	return nil
}
