package manifest

import (
	"encoding/json"

	"patchbay/abi"
)

// Ref returns "publisher/name".
func (m *Manifest) Ref() string { return m.Publisher + "/" + m.Name }

// Action returns the action of that name.
func (m *Manifest) Action(name string) (Action, bool) {
	return find(m.Actions, func(a Action) bool { return a.Name == name })
}

// Trigger returns the trigger of that name.
func (m *Manifest) Trigger(name string) (Trigger, bool) {
	return find(m.Triggers, func(t Trigger) bool { return t.Name == name })
}

// Function returns the options function or schema function of that name; kind is [abi.KindOptions] or
// [abi.KindSchema].
func (m *Manifest) Function(kind abi.Kind, name string) (Function, bool) {
	named := func(f Function) bool { return f.Name == name }
	switch kind {
	case abi.KindOptions:
		return find(m.Options, named)
	case abi.KindSchema:
		return find(m.Schemas, named)
	}
	return Function{}, false
}

// Grant returns the grant of that id.
func (m *Manifest) Grant(id string) (Grant, bool) {
	return find(m.HTTP, func(g Grant) bool { return g.ID == id })
}

// AuthMethod returns the auth method of that id.
func (m *Manifest) AuthMethod(id string) (AuthMethod, bool) {
	return find(m.Auth, func(a AuthMethod) bool { return a.ID == id })
}

func find[T any](list []T, want func(T) bool) (T, bool) {
	for _, v := range list {
		if want(v) {
			return v, true
		}
	}
	var zero T
	return zero, false
}

// Operations lists every operation that the guest must have code for: actions, triggers, options functions,
// schema functions and the connection test, in this order.
func (m *Manifest) Operations() []abi.Operation {
	var list []abi.Operation
	add := func(kind abi.Kind, name string) { list = append(list, abi.Operation{Kind: kind, Name: name}) }
	for _, a := range m.Actions {
		add(abi.KindAction, a.Name)
	}
	for _, t := range m.Triggers {
		add(abi.KindTrigger, t.Name)
	}
	for _, f := range m.Options {
		add(abi.KindOptions, f.Name)
	}
	for _, f := range m.Schemas {
		add(abi.KindSchema, f.Name)
	}
	if m.Connection.Test != "" {
		add(abi.KindTest, m.Connection.Test)
	}
	return list
}

// Operation is what the operations of every kind have in common.
type Operation struct {
	Kind   abi.Kind
	Name   string
	Input  json.RawMessage // JSON Schema; of an empty object where the manifest says nothing
	Output json.RawMessage // JSON Schema: of the output, or of one event; nil where the kind decides
	Limits Limits          // its own within the manifest's

	ReadOnly    bool         // it changes nothing at the vendor
	Idempotency *Idempotency // of an action
}

// Repeatable reports whether making the call twice does what making it once does: it changes nothing, or says why
// it may be repeated.
func (o Operation) Repeatable() bool {
	return o.ReadOnly || o.Idempotency != nil && (o.Idempotency.Header != "" || len(o.Idempotency.Key) > 0)
}

// IdempotencyHeader is the request header by which the vendor knows a repeated call, or nothing.
func (o Operation) IdempotencyHeader() string {
	if o.Idempotency == nil {
		return ""
	}
	return o.Idempotency.Header
}

var emptyObject = json.RawMessage(`{"additionalProperties":false,"type":"object"}`)

// Operation returns the operation of that kind and name.
func (m *Manifest) Operation(kind abi.Kind, name string) (Operation, bool) {
	op := Operation{Kind: kind, Name: name, Input: emptyObject, Limits: m.Limits, ReadOnly: kind != abi.KindAction}
	switch kind {
	case abi.KindAction:
		a, ok := m.Action(name)
		op.Input, op.Output, op.Limits = a.Input, a.Output, a.Limits.Within(m.Limits)
		op.ReadOnly, op.Idempotency = a.ReadOnly, a.Idempotency
		return op, ok
	case abi.KindTrigger:
		t, ok := m.Trigger(name)
		op.Input, op.Output, op.Limits = t.Input, t.Output, t.Limits.Within(m.Limits)
		return op, ok
	case abi.KindTest:
		return op, name != "" && name == m.Connection.Test
	}
	f, ok := m.Function(kind, name)
	if len(f.Input) > 0 {
		op.Input = f.Input
	}
	return op, ok
}

// AllFields returns the fields that the method asks for: those that its type implies, then those declared. A
// declared field with the name of an implied one stands in its place.
//
//	bearer   token (secret)
//	api_key  key (secret)
//	basic    username, password (secret)
//	oauth2   client_id, client_secret (secret); with jwt_bearer or client_auth private_key_jwt client_id, key_id
//	         (optional), private_key (secret, PEM); with client_auth none only client_id
//	oauth1   consumer_key, consumer_secret (secret), token_id, token_secret (secret)
//	none, headers, exchange: only those declared
//
// With client_certificate all of them have certificate and certificate_key (both secret, PEM) too.
func (a AuthMethod) AllFields() []Field {
	var list []Field
	implied := a.implied()
	for _, f := range implied {
		if declared, ok := find(a.Fields, func(d Field) bool { return d.Name == f.Name }); ok {
			f = declared
		}
		list = append(list, f)
	}
	for _, f := range a.Fields {
		if _, ok := find(implied, func(i Field) bool { return i.Name == f.Name }); !ok {
			list = append(list, f)
		}
	}
	return list
}

func (a AuthMethod) implied() []Field {
	list := a.impliedByType()
	if a.ClientCertificate {
		list = append(list, Field{Name: "certificate", Title: "Client certificate (PEM)", Required: true, Secret: true},
			Field{Name: "certificate_key", Title: "Key of the client certificate (PEM)", Required: true, Secret: true})
	}
	return list
}

// SignsAssertions reports whether the method proves itself with JWTs that a private key signs.
func (a AuthMethod) SignsAssertions() bool {
	return a.Type == "oauth2" && (a.Grant == "jwt_bearer" || a.ClientAuth == "private_key_jwt")
}

func (a AuthMethod) impliedByType() []Field {
	open := func(name, title string) Field { return Field{Name: name, Title: title, Required: true} }
	secret := func(name, title string) Field {
		return Field{Name: name, Title: title, Required: true, Secret: true}
	}
	switch a.Type {
	case "bearer":
		return []Field{secret("token", "Token")}
	case "api_key":
		return []Field{secret("key", "API key")}
	case "basic":
		return []Field{open("username", "User name"), secret("password", "Password")}
	case "oauth2":
		switch {
		case a.SignsAssertions():
			return []Field{open("client_id", "Client ID"), {Name: "key_id", Title: "Key ID"}, secret("private_key", "Private key")}
		case a.ClientAuth == "none":
			return []Field{open("client_id", "Client ID")}
		}
		return []Field{open("client_id", "Client ID"), secret("client_secret", "Client secret")}
	case "oauth1":
		return []Field{open("consumer_key", "Consumer key"), secret("consumer_secret", "Consumer secret"),
			open("token_id", "Token ID"), secret("token_secret", "Token secret")}
	}
	return nil
}
