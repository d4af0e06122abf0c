package manifest

import (
	"encoding/json"
	"time"
)

// Manifest is a connector's description, as connector.yaml says it. The package comment explains each part.
type Manifest struct {
	Schema      string   `json:"schema"`             // always "patchbay/v1"
	Publisher   string   `json:"publisher"`          // lower case, digits, hyphens
	Name        string   `json:"name"`               // lower case, digits, hyphens
	Version     string   `json:"version"`            // SemVer 2.0.0
	Title       string   `json:"title"`              // for people, at most 60 characters
	Description string   `json:"description"`        // one paragraph
	Categories  []string `json:"categories"`         // from the list in the package comment
	Icon        string   `json:"icon,omitempty"`     // path of an SVG or PNG file
	License     string   `json:"license"`            // SPDX expression
	Support     Support  `json:"support,omitzero"`   // where its users find help
	Homepage    string   `json:"homepage,omitempty"` // https URL
	Docs        string   `json:"docs,omitempty"`     // https URL

	Guest      Guest          `json:"guest"`
	HTTP       []Grant        `json:"http,omitempty"`
	Connection ConnectionSpec `json:"connection,omitzero"`
	Auth       []AuthMethod   `json:"auth,omitempty"` // empty: the connector needs no connection
	Quotas     []Quota        `json:"quotas,omitempty"`
	Retry      *Retry         `json:"retry,omitempty"`
	Errors     []ErrorRule    `json:"errors,omitempty"`
	Actions    []Action       `json:"actions,omitempty"`
	Triggers   []Trigger      `json:"triggers,omitempty"`
	Options    []Function     `json:"options,omitempty"` // pick lists
	Schemas    []Function     `json:"schemas,omitempty"` // functions that return a JSON Schema
	Limits     Limits         `json:"limits,omitzero"`
}

// Support says where a connector's users find help.
type Support struct {
	Email string `json:"email,omitempty"`
	URL   string `json:"url,omitempty"`
}

// Guest says where the connector's code is: a Go package to build, or a module built elsewhere. One of the two.
type Guest struct {
	Package string `json:"package,omitempty"` // folder of a Go main package, relative to the manifest
	Module  string `json:"module,omitempty"`  // path of a .wasm file, relative to the manifest
}

// Grant asks for a part of the network. A request is allowed when its method is listed and its URL begins with
// the base URL and goes on with a path that a pattern in Paths matches.
type Grant struct {
	ID      string   `json:"id"`
	URL     string   `json:"url"`              // base URL template: "https://{host}/api"; {x} is a connection field
	Methods []string `json:"methods"`          // upper case
	Paths   []string `json:"paths,omitempty"`  // below the base: "*" one segment, "**" any rest; default ["/**"]
	Auth    *bool    `json:"auth,omitempty"`   // attach the connection's credential; default true
	Reason  string   `json:"reason,omitempty"` // shown to whoever is asked to allow it
}

// Authenticated reports whether the host attaches the connection's credential to requests under g.
func (g Grant) Authenticated() bool { return g.Auth == nil || *g.Auth }

// ConnectionSpec describes what a connection holds besides its credential.
type ConnectionSpec struct {
	Fields []Field `json:"fields,omitempty"`
	Test   string  `json:"test,omitempty"` // name of the operation that proves that a connection works
}

// Field is one value of a connection.
type Field struct {
	Name        string `json:"name"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Type        string `json:"type,omitempty"` // string (default), integer, boolean
	Required    bool   `json:"required,omitempty"`
	Secret      bool   `json:"secret,omitempty"` // kept in the vault, never shown to the guest
	Default     any    `json:"default,omitempty"`
	Enum        []any  `json:"enum,omitempty"`
	Pattern     string `json:"pattern,omitempty"` // RE2, matched against the whole value
	Options     string `json:"options,omitempty"` // name of an options function
}

// AuthMethod is one way in which a connection proves who it is.
type AuthMethod struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"` // none, bearer, api_key, basic, oauth2, oauth1, exchange, headers
	Title       string  `json:"title,omitempty"`
	Description string  `json:"description,omitempty"`
	Fields      []Field `json:"fields,omitempty"` // beyond those of the type, see [AuthMethod.AllFields]

	ClientCertificate bool `json:"client_certificate,omitempty"` // connect with a certificate (mutual TLS), beside the type

	// api_key
	In     string `json:"in,omitempty"`     // header (default) or query
	Key    string `json:"key,omitempty"`    // name of the header or query parameter
	Prefix string `json:"prefix,omitempty"` // put before the value: "Token "

	// headers: name to template over the fields: {"X-Auth": "{user}:{token}"}
	Headers map[string]string `json:"headers,omitempty"`

	// oauth2
	Grant        string            `json:"grant,omitempty"` // authorization_code, client_credentials, jwt_bearer
	AuthorizeURL string            `json:"authorize_url,omitempty"`
	TokenURL     string            `json:"token_url,omitempty"`
	RevokeURL    string            `json:"revoke_url,omitempty"`
	Scopes       []string          `json:"scopes,omitempty"`
	PKCE         *bool             `json:"pkce,omitempty"`        // default true
	ClientAuth   string            `json:"client_auth,omitempty"` // basic (default), post, none, private_key_jwt
	Algorithms   []string          `json:"algorithms,omitempty"`  // of signed assertions, the best first; default PS256, ES256, RS256
	Audience     string            `json:"audience,omitempty"`    // template; of the token, or of the signed assertion
	Claims       map[string]string `json:"claims,omitempty"`      // more claims of the signed assertion: name to template
	Issuer       string            `json:"issuer,omitempty"`      // what the callback's iss must be (RFC 9207), a template
	Params       map[string]string `json:"params,omitempty"`      // more parameters for the authorize URL
	Feeds        map[string]string `json:"feeds,omitempty"`       // connection field to JSON pointer in the token response, or "callback:name"

	// oauth1
	Signature string `json:"signature,omitempty"` // HMAC-SHA256
	Realm     string `json:"realm,omitempty"`     // template

	// exchange
	Steps []ExchangeStep `json:"steps,omitempty"`
}

// ExchangeStep is one request of a token exchange.
type ExchangeStep struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Form    map[string]string `json:"form,omitempty"`
	JSON    json.RawMessage   `json:"json,omitempty"`
	Save    map[string]string `json:"save"` // name to JSON pointer in the answer
}

// Quota is a limit that the vendor sets.
type Quota struct {
	ID              string   `json:"id"`
	Key             string   `json:"key,omitempty"`      // connection (default), account, app
	Account         string   `json:"account,omitempty"`  // template over connection fields, for key account
	Requests        int      `json:"requests,omitempty"` // per Per
	Per             Duration `json:"per,omitempty"`
	Burst           int      `json:"burst,omitempty"`       // size of a leaky bucket; none: a strict window
	Concurrency     int      `json:"concurrency,omitempty"` // at the same time
	Grants          []string `json:"grants,omitempty"`      // default all
	Methods         []string `json:"methods,omitempty"`
	Paths           []string `json:"paths,omitempty"`
	CostHeader      string   `json:"cost_header,omitempty"`
	RemainingHeader string   `json:"remaining_header,omitempty"`
	ResetHeader     string   `json:"reset_header,omitempty"`
}

// Retry says how the host repeats requests for this vendor.
type Retry struct {
	Attempts int      `json:"attempts,omitempty"` // retries after the first try; default 4
	Base     Duration `json:"base,omitempty"`     // default 500ms
	Cap      Duration `json:"cap,omitempty"`      // default 30s
	Statuses []int    `json:"statuses,omitempty"` // default 408, 429, 500, 502, 503, 504
}

// ErrorRule classifies a vendor's error response. The first rule that matches decides. It matches a response that
// has the status and, if the rule names one, the value or the header. With one of those it may find an error in a
// success: such a rule says its status, 200 say.
type ErrorRule struct {
	Status     int    `json:"status,omitempty"`      // 0 matches every status from 400
	Pointer    string `json:"pointer,omitempty"`     // JSON pointer into the body
	Header     string `json:"header,omitempty"`      // name of a response header, in place of Pointer
	Equals     string `json:"equals,omitempty"`      // value at Pointer or of Header; empty: that there is one
	Code       string `json:"code"`                  // fault code
	Message    string `json:"message,omitempty"`     // JSON pointer to the text for people
	RetryAfter string `json:"retry_after,omitempty"` // JSON pointer to the seconds to wait, for a code that passes with time
}

// Action is an operation that a recipe or an agent may use.
type Action struct {
	Name        string          `json:"name"` // lower case, digits, underscores
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Input       json.RawMessage `json:"input"`  // JSON Schema 2020-12
	Output      json.RawMessage `json:"output"` // JSON Schema 2020-12
	ReadOnly    bool            `json:"read_only,omitempty"`
	Idempotency *Idempotency    `json:"idempotency,omitempty"`
	DataClasses []string        `json:"data_classes,omitempty"` // public, personal, financial, health, credential
	Samples     []Sample        `json:"samples,omitempty"`
	Limits      Limits          `json:"limits,omitzero"`
}

// Idempotency says why an action may be repeated, or how to find out what became of it. One of the three.
type Idempotency struct {
	Header string   `json:"header,omitempty"` // request header that carries a key the vendor honours
	Key    []string `json:"key,omitempty"`    // input fields that identify the effect: an upsert
	Lookup string   `json:"lookup,omitempty"` // action that finds what an unfinished try left behind
}

// Sample is an example of an operation's use.
type Sample struct {
	Title  string          `json:"title,omitempty"`
	Input  json.RawMessage `json:"input"`
	Output json.RawMessage `json:"output,omitempty"`
}

// Trigger is an operation that starts recipes.
type Trigger struct {
	Name        string          `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Input       json.RawMessage `json:"input"`
	Output      json.RawMessage `json:"output"`         // schema of one event
	Dedupe      []string        `json:"dedupe"`         // fields of the event that identify it
	Poll        *Poll           `json:"poll,omitempty"` // one of Poll and Webhook
	Webhook     *Webhook        `json:"webhook,omitempty"`
	DataClasses []string        `json:"data_classes,omitempty"`
	Samples     []Sample        `json:"samples,omitempty"`
	Limits      Limits          `json:"limits,omitzero"`
}

// Poll says how often a trigger asks the vendor.
type Poll struct {
	Every Duration `json:"every,omitempty"` // default 5m
	Least Duration `json:"least,omitempty"` // the least a user may choose; default 10s
}

// Webhook says how a vendor's calls are received and believed.
type Webhook struct {
	Signature   Signature  `json:"signature"`
	Challenge   *Challenge `json:"challenge,omitempty"`
	Subscribe   string     `json:"subscribe,omitempty"` // action
	Renew       string     `json:"renew,omitempty"`     // action
	RenewEvery  Duration   `json:"renew_every,omitempty"`
	Unsubscribe string     `json:"unsubscribe,omitempty"` // action
	Fallback    string     `json:"fallback,omitempty"`    // poll trigger that finds what a missed call would have said
}

// Signature is how a webhook's body proves its sender.
type Signature struct {
	Scheme    string   `json:"scheme"` // none, hmac_sha256, hmac_sha1, standard_webhooks, bearer
	Header    string   `json:"header,omitempty"`
	Encoding  string   `json:"encoding,omitempty"`  // hex (default), base64
	Prefix    string   `json:"prefix,omitempty"`    // "sha256="
	Signed    string   `json:"signed,omitempty"`    // template: "{timestamp}.{body}"; default "{body}"
	Timestamp string   `json:"timestamp,omitempty"` // header
	Tolerance Duration `json:"tolerance,omitempty"` // default 5m
}

// Challenge is how a vendor checks a webhook's address, and what to echo.
type Challenge struct {
	Query   string `json:"query,omitempty"`   // parameter to echo
	Pointer string `json:"pointer,omitempty"` // JSON pointer to the value to echo
}

// Function is an options or schema function.
type Function struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Input       json.RawMessage `json:"input,omitempty"` // JSON Schema; default an empty object
}

// Limits are a manifest's own, tighter or (with an admin's grant) wider quotas for a call. Zero is the default.
type Limits struct {
	Memory       Bytes    `json:"memory,omitempty"`
	Wall         Duration `json:"wall,omitempty"`
	Fuel         int64    `json:"fuel,omitempty"` // units of guest code, see [abi.Limits]
	HTTPCalls    int      `json:"http_calls,omitempty"`
	HostCalls    int      `json:"host_calls,omitempty"`
	RequestBody  Bytes    `json:"request_body,omitempty"`
	ResponseBody Bytes    `json:"response_body,omitempty"`
	Output       Bytes    `json:"output,omitempty"`
	Log          Bytes    `json:"log,omitempty"`
}

// Duration is a time span, written "30s", "5m" or "1h30m".
type Duration time.Duration

// Bytes is a size, written "64KiB", "16MiB" or as a number of bytes.
type Bytes int64
