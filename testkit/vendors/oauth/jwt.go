package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.SHA256
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

const (
	maxAhead = time.Hour        // of an assertion's exp
	leeway   = 30 * time.Second // that the client's clock may be ahead
)

// assertion is a JWT that was read and not yet verified.
type assertion struct {
	header    struct{ Alg, Kid string }
	claims    claims
	signed    string // what the signature is over
	signature []byte
}

// claims are those that are looked at.
type claims struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience json.RawMessage `json:"aud"`
	Expires  *float64        `json:"exp"`
	Issued   *float64        `json:"iat"`
	Before   *float64        `json:"nbf"`
	ID       string          `json:"jti"`
	Scope    json.RawMessage `json:"scope"`
}

// scope is the claim in words apart by spaces; it may be a list, or have commas.
func (c *claims) scope() string {
	var words []string
	if json.Unmarshal(c.Scope, &words) != nil {
		var text string
		_ = json.Unmarshal(c.Scope, &text) // neither is no scope
		words = strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	}
	return strings.Join(words, " ")
}

// parse reads a JWT in compact form. Nothing that it says is to be believed before it is verified.
func parse(token string) (*assertion, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("the assertion is not a signed JWT")
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return nil, errors.New("the assertion is not in base64url")
		}
	}
	t := &assertion{signed: parts[0] + "." + parts[1], signature: decoded[2]}
	var critical struct{ Crit json.RawMessage }
	if json.Unmarshal(decoded[0], &t.header) != nil || json.Unmarshal(decoded[0], &critical) != nil || json.Unmarshal(decoded[1], &t.claims) != nil {
		return nil, errors.New("the assertion is not in JSON")
	}
	if critical.Crit != nil {
		return nil, errors.New("the assertion has critical headers that are not known")
	}
	return t, nil
}

// verify checks signature, audience, times and that the assertion is new.
func (c *call) verify(t *assertion, client *Client) error {
	if !slices.Contains(c.config.Algorithms, t.header.Alg) {
		return fmt.Errorf("the algorithm %q is not accepted", t.header.Alg)
	}
	key, ok := client.Keys[t.header.Kid]
	if !ok {
		return fmt.Errorf("the key id %q is not known", t.header.Kid)
	}
	if !verifies(t.header.Alg, key, t.signed, t.signature) {
		return errors.New("the assertion's signature is wrong")
	}
	if err := c.timely(&t.claims); err != nil {
		return err
	}
	if !c.addressed(t.claims.Audience) {
		return errors.New("the assertion's aud is not this token endpoint")
	}
	return c.unseen(client.ID, &t.claims)
}

// timely checks exp, iat and nbf.
func (c *call) timely(claims *claims) error {
	now := float64(c.now.UnixMilli()) / 1000
	begin := now
	if claims.Issued != nil {
		begin = min(*claims.Issued, now+leeway.Seconds())
	}
	switch {
	case claims.Expires == nil:
		return errors.New("the assertion has no exp")
	case *claims.Expires <= now:
		return errors.New("the assertion has expired")
	case *claims.Expires > begin+maxAhead.Seconds():
		return errors.New("the assertion lives for more than an hour")
	case claims.Issued != nil && *claims.Issued > now+leeway.Seconds(), claims.Before != nil && *claims.Before > now+leeway.Seconds():
		return errors.New("the assertion is from the future")
	}
	return nil
}

// addressed reports whether the audience, a string or a list of one, is this server's.
func (c *call) addressed(audience json.RawMessage) bool {
	accepted := slices.Clone(c.config.Audiences)
	if i := slices.Index(accepted, ""); i >= 0 {
		accepted[i] = c.base + c.paths.Token
	}
	var list []string
	if json.Unmarshal(audience, &list) != nil {
		list = make([]string, 1)
		if json.Unmarshal(audience, &list[0]) != nil {
			return false
		}
	}
	return len(list) == 1 && slices.Contains(accepted, list[0])
}

// unseen remembers the assertion's jti until it expires, and refuses one that was seen.
func (c *call) unseen(client string, claims *claims) error {
	if claims.ID == "" {
		return nil
	}
	for name, until := range c.seen {
		if !c.now.Before(until) {
			delete(c.seen, name)
		}
	}
	name := client + " " + claims.ID
	if _, known := c.seen[name]; known {
		return errors.New("the assertion was used before")
	}
	c.seen[name] = time.UnixMilli(int64(*claims.Expires * 1000))
	return nil
}

// hashes are the hash functions of algorithms, by the number in their names.
var hashes = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

// curveBits are the sizes of the curves that ES algorithms prescribe.
var curveBits = map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}

// verifies checks a signature (RFC 7518, 3). The key must be of the algorithm's kind.
func verifies(algorithm string, key crypto.PublicKey, signed string, signature []byte) bool {
	if len(algorithm) != 5 || !hashes[algorithm[2:]].Available() {
		return false
	}
	hash := hashes[algorithm[2:]]
	digest := hash.New()
	digest.Write([]byte(signed))
	sum := digest.Sum(nil)
	switch key := key.(type) {
	case *rsa.PublicKey:
		switch algorithm[:2] {
		case "PS":
			return rsa.VerifyPSS(key, hash, sum, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		case "RS":
			return rsa.VerifyPKCS1v15(key, hash, sum, signature) == nil
		}
	case *ecdsa.PublicKey:
		bits := key.Curve.Params().BitSize
		size := (bits + 7) / 8
		if curveBits[algorithm] != bits || len(signature) != 2*size {
			return false
		}
		return ecdsa.Verify(key, sum, new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:]))
	}
	return false
}

// sign makes a JWT of the server's own, as access tokens are (RFC 9068).
func (s *Server) sign(claims map[string]any) string {
	// Strings and numbers cannot fail to encode, nor a P-256 key to sign.
	header, _ := json.Marshal(map[string]string{"alg": "ES256", "typ": "at+jwt", "kid": keyID})
	body, _ := json.Marshal(claims)
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(body)
	digest := crypto.SHA256.New()
	digest.Write([]byte(signed))
	r, v, _ := ecdsa.Sign(rand.Reader, s.key, digest.Sum(nil))
	signature := append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}
