package bundle

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

func mustSign(t testing.TB, b *Bundle, k *Key) Envelope {
	t.Helper()
	e, err := Sign(b, k)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// forge signs any payload.
func forge(t testing.TB, k *Key, payloadType string, payload []byte) Envelope {
	t.Helper()
	s, err := dsse.NewEnvelopeSigner(signer{k})
	if err != nil {
		t.Fatal(err)
	}
	env, err := s.SignPayload(context.Background(), payloadType, payload)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSign(t *testing.T) {
	t.Parallel()
	b, k := mustNew(t, testContents(t)), testKey(t, "acme")
	env := mustSign(t, b, k)
	if !bytes.Equal(env, mustSign(t, b, k)) {
		t.Error("two signatures of the same bundle by the same key differ")
	}
	others := []PublicKey{testKey(t, "acme").Public(), testKey(t, "evil").Public(), k.Public()}
	if got, err := Verify(b, others, env); err != nil || got != k.Public() {
		t.Errorf("Verify = %v, %v", got, err)
	}
	if _, err := Verify(b, others, mustSign(t, b, testKey(t, "acme")), env); err != nil {
		t.Errorf("one good envelope of two: %v", err)
	}
	if len(env) > MaxEnvelope/4 {
		t.Errorf("an envelope has %d bytes, close to the limit", len(env))
	}
}

func TestSign_OtherPublisher(t *testing.T) {
	t.Parallel()
	if _, err := Sign(mustNew(t, testContents(t)), testKey(t, "evil")); err == nil || !strings.Contains(err.Error(), "the key is bound to the publisher evil") {
		t.Errorf("error %v", err)
	}
}

func TestVerify_Refuses(t *testing.T) {
	t.Parallel()
	b, k, evil := mustNew(t, testContents(t)), testKey(t, "acme"), testKey(t, "evil")
	c := testContents(t)
	c.Readme = nil
	other := mustNew(t, c)
	good := mustSign(t, b, k)
	payload, err := json.Marshal(newStatement(b))
	if err != nil {
		t.Fatal(err)
	}
	state := func(change func(*statement)) Envelope {
		return forge(t, k, payloadType, edit(t, payload, change))
	}
	alter := func(change func(*dsse.Envelope)) Envelope { return edit(t, good, change) }
	impostor := newPublicKey("evil", k.public.key[:]) // the same key under another name
	trusted := []PublicKey{k.Public(), evil.Public()}
	for _, test := range []struct {
		name      string
		trusted   []PublicKey
		envelopes []Envelope
		want      string
	}{
		{"unsigned", trusted, nil, "acme/shop@1.2.0 is not signed"},
		{"nobody trusted", nil, []Envelope{good}, "which is not a trusted key of acme"},
		{"unknown key", trusted, []Envelope{mustSign(t, b, testKey(t, "acme"))}, "which is not a trusted key of acme"},
		{"other publisher", trusted, []Envelope{forge(t, evil, payloadType, payload)}, "of evil, not of its publisher acme"},
		{"key bound to another", []PublicKey{impostor}, []Envelope{good}, "of evil, not of its publisher acme"},
		{"bad signature", trusted, []Envelope{alter(func(e *dsse.Envelope) { e.Signatures[0].Sig = base64.StdEncoding.EncodeToString(make([]byte, 64)) })}, "bad signature by the key SHA256:"},
		{"short signature", trusted, []Envelope{alter(func(e *dsse.Envelope) { e.Signatures[0].Sig = "AAAA" })}, "bad signature"},
		{"no base64", trusted, []Envelope{alter(func(e *dsse.Envelope) { e.Signatures[0].Sig = "!" })}, "bad signature"},
		{"payload", trusted, []Envelope{alter(func(e *dsse.Envelope) { e.Payload = base64.StdEncoding.EncodeToString([]byte("{}")) })}, "bad signature"},
		{"payload type changed", trusted, []Envelope{alter(func(e *dsse.Envelope) { e.PayloadType = "text/plain" })}, "bad signature"},
		{"no signature", trusted, []Envelope{alter(func(e *dsse.Envelope) { e.Signatures = nil })}, "no signature"},
		{"other bundle", trusted, []Envelope{mustSign(t, other, k)}, "not for " + b.Digest()},
		{"payload type", trusted, []Envelope{forge(t, k, "text/plain", payload)}, `holds "text/plain"`},
		{"no statement", trusted, []Envelope{forge(t, k, payloadType, []byte("[]"))}, "statement: "},
		{"key twice", trusted, []Envelope{forge(t, k, payloadType, bytes.Replace(payload, []byte(`{`), []byte(`{"_type":"x",`), 1))}, "duplicate key"},
		{"statement type", trusted, []Envelope{state(func(s *statement) { s.Type = "https://in-toto.io/Statement/v0.1" })}, "Statement/v0.1"},
		{"predicate type", trusted, []Envelope{state(func(s *statement) { s.PredicateType = "urn:patchbay:publication:v2" })}, "publication:v2"},
		{"no subject", trusted, []Envelope{state(func(s *statement) { s.Subject = nil })}, "0 subjects"},
		{"two subjects", trusted, []Envelope{state(func(s *statement) { s.Subject = append(s.Subject, s.Subject[0]) })}, "2 subjects"},
		{"other name", trusted, []Envelope{state(func(s *statement) { s.Subject[0].Name = "acme/bank" })}, `for "acme/bank"`},
		{"other digest", trusted, []Envelope{state(func(s *statement) { s.Subject[0].Digest["sha256"] = strings.Repeat("0", 64) })}, "not for sha256:"},
		{"sha512 too", trusted, []Envelope{state(func(s *statement) { s.Subject[0].Digest["sha512"] = "x" })}, "with one digest"},
		{"sha512 only", trusted, []Envelope{state(func(s *statement) { s.Subject[0].Digest = map[string]string{"sha512": "x"} })}, "not for sha256:"},
		{"other version", trusted, []Envelope{state(func(s *statement) { s.Predicate.Version = "1.3.0" })}, `"1.3.0" of "acme"`},
		{"other predicate", trusted, []Envelope{state(func(s *statement) { s.Predicate.Publisher = "evil" })}, `"1.2.0" of "evil"`},
		{"large", trusted, []Envelope{append(bytes.Clone(good), bytes.Repeat([]byte(" "), MaxEnvelope)...)}, "at most 16384 are allowed"},
		{"no JSON", trusted, []Envelope{[]byte("x")}, "envelope: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			k, err := Verify(b, test.trusted, test.envelopes...)
			if !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want ErrUntrusted with %q", err, test.want)
			}
			if err != nil && k != (PublicKey{}) {
				t.Errorf("a key came with the error: %v", k)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // always the same, so that a finding can be repeated
	k := &Key{public: newPublicKey("acme", private.Public().(ed25519.PublicKey)), private: private}
	b := mustNew(f, testContents(f))
	good := mustSign(f, b, k)
	f.Add([]byte(good))
	f.Add([]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"keyid":"","sig":""}]}`))
	f.Add([]byte(`{"signatures":null}`))
	want, err := parseEnvelope(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Verify(b, []PublicKey{k.Public()}, data); err != nil {
			if !errors.Is(err, ErrUntrusted) {
				t.Errorf("error %v does not match ErrUntrusted", err)
			}
			return
		}
		// Whatever else it says, it carries the statement that was signed.
		got, err := parseEnvelope(data)
		if err != nil {
			t.Fatal(err)
		}
		p, err := got.DecodeB64Payload()
		w, _ := want.DecodeB64Payload()
		if err != nil || !bytes.Equal(p, w) {
			t.Errorf("a statement was accepted that nobody signed: %s", p)
		}
	})
}
