package lab

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/host"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
)

// plant is what the runner made a case's connection with.
type plant struct {
	secrets []string
	signed  bool // the credential signs requests, and is in none of them
	bases   []base
	tokens  []token
}

// token is where the host asks for a token when the vendor no longer takes the one that was planted.
type token struct {
	url  string
	save []string // JSON pointers to what an answer must have
}

// renewed is the answer to a request for a token, or nil if it is a request for anything else.
func (p plant) renewed(u *url.URL) []byte {
	for _, t := range p.tokens {
		if t.url != u.Scheme+"://"+u.Host+u.EscapedPath() {
			continue
		}
		var doc any = map[string]any{"access_token": fresh, "token_type": "Bearer", "expires_in": 3600}
		for _, pointer := range t.save {
			value := `"` + fresh + `"`
			if strings.Contains(pointer, "expires") {
				value = "3600"
			}
			doc = put(doc, pointer, json.RawMessage(value))
		}
		body, _ := json.Marshal(doc) // texts and numbers only
		return body
	}
	return nil
}

// fresh is a token that was not planted at first.
const fresh = "canary-renewed-token-5f3a9c17e2b84d60"

// base is where one http grant leads, and whether requests to it carry a credential.
type base struct {
	url  string
	auth bool
}

// connect makes the case's connection with made-up secrets.
func (l *Lab) connect(ctx context.Context, name string, c cases.Call) (plant, error) {
	if !l.Connects() {
		if c.Auth != "" || len(c.Fields) > 0 {
			return plant{}, errors.New("call.json: the connector has no connections: leave auth and fields out")
		}
		return plant{}, nil
	}
	_, method, fields, err := l.host.Requirements(ctx, l.m.Ref(), c.Auth)
	if err != nil {
		return plant{}, fmt.Errorf("call.json: %w", err)
	}
	values, secrets, err := fill(fields, c.Fields)
	if err != nil {
		return plant{}, fmt.Errorf("call.json: %w", err)
	}
	if method.Type == "oauth2" || method.Type == "exchange" { // no vendor is asked for a token
		values["access_token"] = "canary-access-token-5f3a9c17e2b84d60"
		secrets = append(secrets, values["access_token"])
	}
	conn, err := l.host.Connect(ctx, host.ConnectRequest{Name: name, Connector: l.m.Ref(), Auth: method.ID, Values: values})
	if err != nil {
		return plant{}, fmt.Errorf("call.json: %w", err)
	}
	return l.planted(method, conn, values, secrets)
}

// planted is what a connection was made with.
func (l *Lab) planted(method manifest.AuthMethod, conn host.Connection, values map[string]string, secrets []string) (plant, error) {
	plain := map[string]string{}
	for name, v := range conn.Fields {
		plain[name] = fmt.Sprint(v)
	}
	for name, v := range values { // those of the method that may stand in its addresses too
		if _, ok := plain[name]; !ok && !slices.Contains(secrets, v) {
			plain[name] = v
		}
	}
	p := plant{secrets: append(secrets, fresh), signed: method.Type == "oauth1", tokens: tokensOf(method, plain)}
	for _, g := range l.m.HTTP {
		u, err := manifest.Expand(g.URL, plain, manifest.EscapeURL)
		if err != nil {
			return plant{}, fmt.Errorf("http grant %s: %w", g.ID, err)
		}
		p.bases = append(p.bases, base{strings.TrimSuffix(u, "/"), g.Authenticated() && method.Type != "none"})
	}
	return p, nil
}

// tokensOf are the addresses that a method gets its tokens from.
func tokensOf(m manifest.AuthMethod, plain map[string]string) (all []token) {
	add := func(template string, save map[string]string) {
		if u, err := manifest.Expand(template, plain, manifest.EscapeURL); err == nil && template != "" {
			all = append(all, token{u, slices.Sorted(maps.Values(save))})
		}
	}
	add(m.TokenURL, nil)
	for _, step := range m.Steps {
		add(step.URL, step.Save)
	}
	return all
}

// fill adds a made-up value for every secret to the case's own values.
func fill(fields []manifest.Field, given map[string]string) (values map[string]string, secrets []string, err error) {
	values = map[string]string{}
	for name, v := range given {
		values[name] = v
	}
	for _, f := range fields {
		if !f.Secret {
			continue
		}
		if _, ok := values[f.Name]; ok {
			return nil, nil, fmt.Errorf("field %s is a secret: leave it out, the runner plants one", f.Name)
		}
		if values[f.Name], err = canary(f); err != nil {
			return nil, nil, err
		}
		secrets = append(secrets, values[f.Name])
	}
	return values, secrets, nil
}

// canary makes a value that f accepts: vendors' tokens are free text, hexadecimal, or numbers.
func canary(f manifest.Field) (string, error) {
	const part = "5f3a9c17e2b84d60"
	for _, v := range []string{"canary-" + f.Name + "-" + part, strings.Repeat(part, 2), strings.Repeat(part, 4), strings.ToUpper(part), "5391728406173952"} {
		if _, problem := f.Value(v); problem == "" {
			return v, nil
		}
	}
	return "", fmt.Errorf("field %s: no planted credential fits its type, pattern or enum: let it accept %q", f.Name, part+part)
}

// judge says what is wrong with where a request carries the credential. A hop of a redirect may go without.
func (p plant) judge(req *http.Request, body []byte, hop bool) string {
	if len(p.secrets) == 0 {
		return ""
	}
	if p.in(body) || p.in([]byte(req.URL.Path)) {
		return "the body or the path carries a planted credential"
	}
	auth, known := p.authenticated(req.URL)
	carried := p.carried(req)
	switch {
	case !known:
		return ""
	case auth && !carried && !hop:
		return "the credential is missing, but the manifest's http grant asks for it"
	case !auth && carried:
		return "a planted credential is sent, but the manifest's http grant has auth: false"
	}
	return ""
}

// carried reports whether a request has the credential where it belongs, in its headers or its query.
func (p plant) carried(req *http.Request) bool {
	var head bytes.Buffer
	_ = req.Header.Write(&head) // a bytes.Buffer takes everything
	head.WriteString(req.URL.RawQuery)
	return p.in(head.Bytes()) || p.signed && strings.HasPrefix(req.Header.Get("Authorization"), "OAuth ")
}

// authenticated says what the grants that u may fall under want. Where they differ only the host knows.
func (p plant) authenticated(u *url.URL) (auth, known bool) {
	target := u.Scheme + "://" + u.Host + u.EscapedPath() + "/"
	for _, b := range p.bases {
		if !strings.HasPrefix(target, b.url+"/") {
			continue
		}
		if known && auth != b.auth {
			return false, false
		}
		auth, known = b.auth, true
	}
	return auth, known
}

// query returns u's parameters without the credential, which a case does not hold.
func (p plant) query(u *url.URL) url.Values {
	q := u.Query()
	for name, values := range q {
		if p.in([]byte(strings.Join(values, "\n"))) {
			delete(q, name)
		}
	}
	return q
}

// leaked reports whether a planted secret is in what a guest can say.
func (p plant) leaked(r abi.Result, err error, logs string) bool {
	said := slices.Concat(host.Output(r), []byte(logs))
	if err != nil {
		fault, _ := json.Marshal(abi.AsFault(err)) // its details too, which its text leaves out
		said = slices.Concat(said, []byte(err.Error()), fault)
	}
	return p.in(said)
}

// in reports whether text holds a planted secret: as it is, in hexadecimal, or at any place within base64.
func (p plant) in(text []byte) bool {
	for _, secret := range p.secrets {
		forms := []string{secret, hex.EncodeToString([]byte(secret))}
		for skip := range 3 {
			aligned := secret[skip:]
			forms = append(forms, base64.StdEncoding.EncodeToString([]byte(aligned[:len(aligned)/3*3])))
		}
		for _, form := range forms {
			if bytes.Contains(text, []byte(form)) {
				return true
			}
		}
	}
	return false
}
