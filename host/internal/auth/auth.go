package auth

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"patchbay/abi"
	"patchbay/manifest"
)

// Secrets keeps one sealed record a connection. Get of a connection without one matches fs.ErrNotExist. An Update with a
// revision that is not the present one gives an error that [Config].IsConflict knows, and changes nothing. What Update
// has accepted survives a crash.
type Secrets interface {
	Get(ctx context.Context, connection string) (secrets map[string]string, revision uint64, err error)
	Update(ctx context.Context, connection string, secrets map[string]string, revision uint64) error
}

// Lock excludes other processes. A lock ends with its holder, after a while, if that dies.
type Lock interface {
	Lock(ctx context.Context, name string) (unlock func(), err error)
}

// Config says what the package works with. Secrets, Lock, Send and IsConflict are required.
type Config struct {
	Secrets    Secrets
	Lock       Lock
	IsConflict func(error) bool
	// Send sends one request to the vendor: no redirects, at most 64 KiB of answer, at most 15 s, with the client
	// certificate of the account if it has one (see [Account.Certificate]). sign puts the credentials on; it may be nil.
	Send func(ctx context.Context, acct Account, r abi.Request, sign func(*http.Request) error) abi.Response
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Logger hears of renewals. Defaults to none.
	Logger *slog.Logger
	// Renewed is told of every connection whose new token has been stored. May be nil.
	Renewed func(ctx context.Context, connection string)
}

// Auth performs auth methods. Its methods may be called from several goroutines; a process has one.
type Auth struct {
	cfg   Config
	clock clock // of oauth1

	flying sync.WaitGroup
	mu     sync.Mutex            // guards what follows
	state  map[string]*liveState // by connection
}

// New returns an Auth. A Config without what is required is a defect of the caller and panics on first use.
func New(cfg Config) *Auth {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	return &Auth{cfg: cfg, state: map[string]*liveState{}}
}

// Close waits for renewals that are under way: a token that was received must be stored.
func (a *Auth) Close() { a.flying.Wait() }

// Account is one connection as this package sees it.
type Account struct {
	Connection string
	Method     manifest.AuthMethod
	// Fields holds the connection's values by name, of the manifest's connection fields and of the method's, secret or not.
	Fields map[string]string
	// Declared are the connection fields of the manifest: what a vendor feeds into one must be valid for it.
	Declared []manifest.Field
	// URLs replaces URLs of the manifest, by an admin's decision: "authorize_url", "token_url", "revoke_url", "issuer", and
	// "step:0" and so on for the steps of an exchange.
	URLs map[string]string
	// Private says that the hosts of URLs may have private addresses, by an admin's decision too.
	Private bool
}

// Format shows the connection's name and no value.
func (acct Account) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "account of connection "+acct.Connection)
}

// url resolves one of the method's URLs.
func (acct Account) url(name, template string) (string, error) {
	if u, ok := acct.URLs[name]; ok {
		return u, nil
	}
	u, err := manifest.Expand(template, acct.Fields, manifest.EscapeURL)
	if err != nil {
		return "", abi.Faultf(abi.InvalidInput, "connection %s: %s: %v", acct.Connection, name, err)
	}
	return u, nil
}

// text resolves a template of the method. Fields of the method that were left out are empty.
func (acct Account) text(name, template string, fields map[string]string) (string, error) {
	text, err := manifest.Expand(template, acct.withEmpty(fields), manifest.EscapeNone)
	if err != nil {
		return "", abi.Faultf(abi.InvalidInput, "connection %s: %s: %v", acct.Connection, name, err)
	}
	return text, nil
}

func (acct Account) withEmpty(fields map[string]string) map[string]string {
	all := map[string]string{}
	for _, f := range acct.Method.AllFields() {
		if !f.Required {
			all[f.Name] = ""
		}
	}
	for name, v := range fields {
		all[name] = v
	}
	return all
}
