package bundle

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"patchbay/abi"
)

// Envelope is a signature: a DSSE envelope as JSON. It is no better than the key it verifies with, see [Verify].
type Envelope []byte

// MaxEnvelope is the greatest size of an envelope in bytes.
const MaxEnvelope = 16 << 10

// Sign signs b for its publisher, whose key k must be.
func Sign(b *Bundle, k *Key) (Envelope, error) {
	if k.public.publisher != b.manifest.Publisher {
		return nil, fmt.Errorf("sign %s: the key is bound to the publisher %s", b.Ref(), k.public.publisher)
	}
	e, err := seal(newStatement(b), k)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", b.Ref(), err)
	}
	return e, nil
}

// seal signs a statement.
func seal(statement any, k *Key) (Envelope, error) {
	payload, err := json.Marshal(statement)
	if err != nil {
		return nil, err
	}
	signer, err := dsse.NewEnvelopeSigner(signer{k})
	if err != nil {
		return nil, err
	}
	env, err := signer.SignPayload(context.Background(), payloadType, payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(env)
}

// Verify reports which of the trusted keys has signed b, by any of the envelopes. Only keys of the publisher that
// b's manifest names count. Without a valid signature the error matches [ErrUntrusted] and says for every envelope
// why not.
func Verify(b *Bundle, trusted []PublicKey, envelopes ...Envelope) (PublicKey, error) {
	if len(envelopes) == 0 {
		return PublicKey{}, fmt.Errorf("%w: %s is not signed", ErrUntrusted, b.Ref())
	}
	var reasons []string
	for _, e := range envelopes {
		k, err := verify(b, trusted, e)
		if err == nil {
			return k, nil
		}
		reasons = append(reasons, err.Error())
	}
	return PublicKey{}, fmt.Errorf("%w: %s: %s", ErrUntrusted, b.Ref(), strings.Join(reasons, "; "))
}

func verify(b *Bundle, trusted []PublicKey, e Envelope) (PublicKey, error) {
	env, err := parseEnvelope(e)
	if err != nil {
		return PublicKey{}, err
	}
	own := slices.DeleteFunc(slices.Clone(trusted), func(k PublicKey) bool { return k.publisher != b.manifest.Publisher })
	k, payload, ok := signedBy(env, own)
	if !ok {
		return PublicKey{}, refusal(b, trusted, env)
	}
	return k, checkStatement(b, env.PayloadType, payload)
}

// signedBy returns the first of the keys that has signed env, and what it signed.
func signedBy(env *dsse.Envelope, keys []PublicKey) (k PublicKey, payload []byte, ok bool) {
	for _, k := range keys {
		v, err := dsse.NewEnvelopeVerifier(verifier{k}) // one at a time: its answer names no key
		if err != nil {
			continue
		}
		if _, payload, err := v.VerifyAndDecode(context.Background(), env); err == nil {
			return k, payload, true
		}
	}
	return PublicKey{}, nil, false
}

func parseEnvelope(e Envelope) (*dsse.Envelope, error) {
	if len(e) > MaxEnvelope {
		return nil, fmt.Errorf("envelope has %d bytes, at most %d are allowed", len(e), MaxEnvelope)
	}
	if err := abi.CheckJSON(e); err != nil {
		return nil, fmt.Errorf("envelope: %w", err)
	}
	var env dsse.Envelope
	if err := json.Unmarshal(e, &env); err != nil {
		return nil, fmt.Errorf("envelope: %w", err)
	}
	if len(env.Signatures) == 0 {
		return nil, errors.New("envelope has no signature")
	}
	return &env, nil
}

// refusal says why no trusted key fits env. Its key ids are claims, good only to help a person.
func refusal(b *Bundle, trusted []PublicKey, env *dsse.Envelope) error {
	claim := env.Signatures[0].KeyID
	i := slices.IndexFunc(trusted, func(k PublicKey) bool { return k.Fingerprint() == claim })
	switch {
	case i < 0:
		return fmt.Errorf("signed by the key %.60q, which is not a trusted key of %s", claim, b.manifest.Publisher)
	case trusted[i].publisher != b.manifest.Publisher:
		return fmt.Errorf("signed by the key %s of %s, not of its publisher %s",
			claim, trusted[i].publisher, b.manifest.Publisher)
	}
	return fmt.Errorf("bad signature by the key %s of %s", claim, b.manifest.Publisher)
}

// signer and verifier fit keys into package dsse.
type signer struct{ k *Key }

func (s signer) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(s.k.private, data), nil
}
func (s signer) KeyID() (string, error) { return s.k.public.Fingerprint(), nil }

type verifier struct{ k PublicKey }

func (v verifier) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(v.k.key[:], data, sig) {
		return errors.New("bad signature")
	}
	return nil
}
func (v verifier) KeyID() (string, error)   { return v.k.Fingerprint(), nil }
func (v verifier) Public() crypto.PublicKey { return ed25519.PublicKey(v.k.key[:]) }
