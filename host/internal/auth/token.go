package auth

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"patchbay/abi"
)

// Reserved is the name under which a connection's secrets hold its tokens. No field has such a name.
const Reserved = ".tokens"

// record is the tokens of a connection as they are stored.
type record struct {
	Set      string            `json:"set"` // identity, new with every new set of tokens
	Access   string            `json:"access,omitempty"`
	Refresh  string            `json:"refresh,omitempty"`
	Values   map[string]string `json:"values,omitempty"` // what an exchange saved
	Scope    string            `json:"scope,omitempty"`  // granted, separated by spaces
	Obtained time.Time         `json:"obtained,omitzero"`
	Expires  time.Time         `json:"expires,omitzero"` // zero: no known end

	Previous string    `json:"previous,omitempty"` // the refresh token before, until Access has worked
	Rotated  time.Time `json:"rotated,omitzero"`   // when Previous was replaced

	Reconnect string `json:"reconnect,omitempty"` // why the connection is dead; empty: it is not
}

func newSet() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// readRecord returns the tokens among the secrets. There may be none.
func readRecord(secrets map[string]string) (record, error) {
	var r record
	text, ok := secrets[Reserved]
	if !ok {
		return r, nil
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, abi.Faultf(abi.Internal, "the stored tokens are not of a form that this version reads: connect again")
	}
	return r, nil
}

func (r record) write(secrets map[string]string) {
	text, _ := json.Marshal(r) // strings and times: never fails
	secrets[Reserved] = string(text)
}

// alive reports whether the token may be used at all.
func (r record) alive(now time.Time) bool {
	return (r.Access != "" || len(r.Values) > 0) && (r.Expires.IsZero() || now.Before(r.Expires))
}

// due reports whether 80 to 90 % of the token's life is over. Which it is follows from the token, so that every process
// says the same, and connections that were made together are not renewed together.
func (r record) due(now time.Time) bool {
	if r.Expires.IsZero() {
		return false
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, r.Set)
	share := 0.8 + 0.1*float64(h.Sum32())/(1<<32)
	life := r.Expires.Sub(r.Obtained)
	return !now.Before(r.Obtained.Add(time.Duration(share * float64(life))))
}

func (r record) fresh(now time.Time) bool { return r.alive(now) && !r.due(now) }

// secrets lists the record's values that must not be seen.
func (r record) secrets() (list []string) {
	for _, s := range []string{r.Access, r.Refresh, r.Previous} {
		if s != "" {
			list = append(list, s)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		if name != "expires_in" && r.Values[name] != "" && r.Values[name] != r.Access {
			list = append(list, r.Values[name])
		}
	}
	return list
}

// Tokens is a set of tokens that a vendor gave, on the way to the vault.
type Tokens struct {
	r     record
	asked []string
}

// Store puts the tokens among a connection's secrets, in the place of earlier ones.
func (t Tokens) Store(secrets map[string]string) { t.r.write(secrets) }

// Expires is when the access token ends. Zero: it has no known end.
func (t Tokens) Expires() time.Time { return t.r.Expires }

// Lasting reports whether the tokens can be renewed without a person, by a refresh token.
func (t Tokens) Lasting() bool { return t.r.Refresh != "" }

// Scopes lists the scopes that were granted.
func (t Tokens) Scopes() []string { return strings.Fields(t.r.Scope) }

// Missing lists the scopes that the manifest asks for and the vendor did not grant.
func (t Tokens) Missing() (list []string) {
	for _, s := range t.asked {
		if !slices.Contains(t.Scopes(), s) {
			list = append(list, s)
		}
	}
	return list
}

// Format shows no value.
func (t Tokens) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "tokens") }

// Status is what may be shown of a connection's tokens.
type Status struct {
	Tokens    bool      // there are some
	Expires   time.Time // zero: no known end
	Scopes    []string  // granted
	Reconnect string    // why the connection needs its owner; empty: it does not
}

// StatusOf reads the status from a connection's secrets.
func StatusOf(secrets map[string]string) (Status, error) {
	r, err := readRecord(secrets)
	return Status{Tokens: r.Set != "", Expires: r.Expires, Scopes: strings.Fields(r.Scope), Reconnect: r.Reconnect}, err
}
