package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// authKeys lists the keys of each type of auth method, besides those that all have.
var authKeys = map[string]struct{ required, optional []string }{
	"none":     {},
	"bearer":   {},
	"basic":    {},
	"api_key":  {[]string{"key"}, []string{"in", "prefix"}},
	"headers":  {[]string{"headers"}, nil},
	"oauth2":   {[]string{"grant", "token_url"}, []string{"authorize_url", "revoke_url", "scopes", "pkce", "client_auth", "algorithms", "audience", "claims", "issuer", "params", "feeds"}},
	"oauth1":   {nil, []string{"signature", "realm"}},
	"exchange": {[]string{"steps"}, []string{"headers"}},
}

var commonAuthKeys = []string{"id", "type", "title", "description", "fields", "client_certificate"}

func (c *checker) auth(pointer string, a AuthMethod) {
	keys, ok := authKeys[a.Type]
	if !ok {
		return // the type is a problem already
	}
	for _, k := range keys.required {
		if !c.has(pointer + "/" + k) {
			c.add(pointer+"/type", "an auth method of type "+a.Type+" needs "+k, "", "add it")
		}
	}
	for _, k := range sortedKeys(lookup(c.tree, pointer)) {
		if !slices.Contains(commonAuthKeys, k) && !slices.Contains(keys.required, k) && !slices.Contains(keys.optional, k) {
			c.add(pointer+"/"+EscapePointer(k), "an auth method of type "+a.Type+" has no "+k, "", "remove it")
		}
	}
	c.authFields(pointer, a)
	switch a.Type {
	case "api_key":
		if a.In == "query" && a.Prefix != "" {
			c.add(pointer+"/prefix", "a prefix is for headers, and the key goes into the query", "", "remove it")
		}
	case "headers":
		c.headers(pointer+"/headers", a.Headers, c.visible(a))
	case "oauth2":
		c.oauth2(pointer, a)
	case "oauth1":
		c.connectionTemplate(pointer+"/realm", a.Realm)
	case "exchange":
		c.exchange(pointer, a)
	}
}

// authFields checks the fields that the method declares against those of its type and of every connection.
func (c *checker) authFields(pointer string, a AuthMethod) {
	implied := a.implied()
	for i, f := range a.Fields {
		p := fmt.Sprintf("%s/fields/%d", pointer, i)
		c.field(p, f)
		if by, ok := find(implied, func(i Field) bool { return i.Name == f.Name }); ok && by.Secret && !f.Secret {
			c.add(p, "the field "+quote(f.Name)+" is secret", "", "add secret: true")
		}
	}
	for _, f := range a.AllFields() {
		if i := slices.IndexFunc(c.m.Connection.Fields, func(o Field) bool { return o.Name == f.Name && o.Name != "" }); i >= 0 {
			c.add(at("connection", "fields", i, "name"), "the name "+quote(f.Name)+" is taken by a field of the auth method "+quote(a.ID), "", "choose another")
		}
	}
	if needs := a.Type == "headers" || a.Type == "exchange"; needs && len(a.Fields) == 0 && !c.unclear(pointer+"/fields") {
		c.add(pointer+"/type", "an auth method of type "+a.Type+" needs fields", "", "declare the secret as a field, with secret: true")
	}
}

// visible returns the fields that templates of the method may use.
func (c *checker) visible(a AuthMethod) []Field {
	return append(slices.Clone(c.m.Connection.Fields), a.AllFields()...)
}

// hostHeaders are set by HTTP itself, or say where a request goes.
var hostHeaders = []string{"connection", "content-length", "content-type", "expect", "forwarded", "host", "keep-alive", "te",
	"trailer", "transfer-encoding", "upgrade", "via"}

func (c *checker) headers(pointer string, headers map[string]string, fields []Field) {
	for _, name := range sortedNames(headers) {
		p := pointer + "/" + EscapePointer(name)
		lower := strings.ToLower(name)
		if slices.Contains(hostHeaders, lower) || strings.HasPrefix(lower, "proxy-") || strings.HasPrefix(lower, "sec-") {
			c.add(p, "the header "+quote(name)+" is not an auth method's to set", "", "remove it")
			continue
		}
		c.template(p, headers[name], fields, "/auth", true)
	}
}

func (c *checker) oauth2(pointer string, a AuthMethod) {
	code := a.Grant == "authorization_code"
	for _, key := range []string{"authorize_url", "issuer", "params", "pkce"} {
		if a.Grant != "" && !code && c.has(pointer+"/"+key) {
			c.add(pointer+"/"+key, "the grant "+a.Grant+" has no "+key, "", "remove it")
		}
	}
	c.assertion(pointer, a)
	if code && !c.has(pointer+"/authorize_url") {
		c.add(pointer+"/grant", "the grant authorization_code needs authorize_url", "", "add it")
	}
	if a.PKCE != nil && !*a.PKCE && a.ClientAuth == "none" {
		c.add(pointer+"/pkce", "a client without a secret is only safe with PKCE", "", "remove pkce: false")
	}
	fields := c.visible(a)
	c.urlOver(pointer+"/authorize_url", a.AuthorizeURL, fields)
	c.urlOver(pointer+"/token_url", a.TokenURL, fields)
	c.urlOver(pointer+"/revoke_url", a.RevokeURL, fields)
	c.issuer(pointer+"/issuer", a.Issuer, fields)
	c.template(pointer+"/audience", a.Audience, fields, "/auth", false)
	for _, p := range []string{"client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method", "scope"} {
		if _, ok := a.Params[p]; ok {
			c.add(pointer+"/params/"+p, "the host sets the parameter "+quote(p)+" itself", "", "remove it")
		}
	}
	known := namesOf(c.m.Connection.Fields, func(f Field) string { return f.Name })
	for _, name := range sortedNames(a.Feeds) {
		at := pointer + "/feeds/" + EscapePointer(name)
		c.refer(at, "connection field", name, known, "/connection/fields")
		f, ok := find(c.m.Connection.Fields, func(f Field) bool { return f.Name == name })
		if ok && !f.Secret && tells(a.Feeds[name]) {
			c.add(at, "the field "+quote(name)+" would show a credential", "a part of the answer that is none", "give it another part, or make the field secret")
		}
	}
}

// tells reports whether a feed is about a credential, by the name that the vendor gives it.
func tells(feed string) bool {
	name := strings.ToLower(feed[strings.LastIndexAny(feed, "/:")+1:])
	for _, word := range []string{"token", "secret", "password", "assertion"} {
		if strings.Contains(name, word) && name != "token_type" {
			return true
		}
	}
	return feed == "callback:code"
}

// hostClaims are the claims that the host sets itself.
var hostClaims = []string{"aud", "exp", "iat", "iss", "jti", "nbf"}

// assertion checks what only signed assertions have.
func (c *checker) assertion(pointer string, a AuthMethod) {
	for _, key := range []string{"algorithms", "claims"} {
		if a.Grant != "" && !a.SignsAssertions() && c.has(pointer+"/"+key) {
			c.add(pointer+"/"+key, key+" are for signed assertions", "the grant jwt_bearer or client_auth: private_key_jwt", "remove it")
		}
	}
	if a.Grant == "jwt_bearer" && c.has(pointer+"/client_auth") {
		c.add(pointer+"/client_auth", "with the grant jwt_bearer the assertion is the client's proof", "", "remove it")
	}
	for _, name := range sortedNames(a.Claims) {
		p := pointer + "/claims/" + EscapePointer(name)
		if slices.Contains(hostClaims, name) {
			c.add(p, "the host sets the claim "+quote(name)+" itself", "", "remove it")
			continue
		}
		c.template(p, a.Claims[name], c.visible(a), "/auth", false)
	}
}

// issuer checks an issuer identifier: a URL, which may end in a slash since it is compared and not opened.
func (c *checker) issuer(pointer, text string, fields []Field) {
	c.urlOver(pointer, strings.TrimSuffix(text, "/"), fields)
}

// exchange checks the steps in order: each may use what those before it saved.
func (c *checker) exchange(pointer string, a AuthMethod) {
	if len(a.Steps) == 0 {
		return // a problem already
	}
	fields, saved := c.visible(a), []string{}
	open := fields
	for i, s := range a.Steps {
		p := fmt.Sprintf("%s/steps/%d", pointer, i)
		c.urlOver(p+"/url", s.URL, open)
		c.headers(p+"/headers", s.Headers, fields)
		for _, name := range sortedNames(s.Form) {
			c.template(p+"/form/"+EscapePointer(name), s.Form[name], fields, "/auth", true)
		}
		if len(s.JSON) > 0 && len(s.Form) > 0 {
			c.add(p, "a step has one body, form or json", "", "remove one")
		}
		if s.Method == "GET" && (len(s.JSON) > 0 || len(s.Form) > 0) {
			c.add(p+"/method", "a GET has no body", "", "use POST, or remove the body")
		}
		c.bodyTemplates(p+"/json", s.JSON, fields)
		for _, name := range sortedNames(s.Save) {
			fields, saved = append(fields, Field{Name: name, Secret: true}), append(saved, name)
		}
	}
	if c.unclear(pointer + "/steps") {
		return
	}
	if a.Headers == nil && !slices.Contains(saved, "token") {
		c.add(pointer+"/steps", "no step saves the token", "save: {token: /POINTER}, or headers that use what was saved", "")
	}
	c.headers(pointer+"/headers", a.Headers, fields)
}

// bodyTemplates checks the strings of a JSON body.
func (c *checker) bodyTemplates(pointer string, body json.RawMessage, fields []Field) {
	v, err := decodeAny(body)
	if err != nil {
		return // there is none
	}
	var walk func(pointer string, v any)
	walk = func(pointer string, v any) {
		switch v := v.(type) {
		case string:
			c.template(pointer, v, fields, "/auth", true)
		case []any:
			for i, item := range v {
				walk(fmt.Sprintf("%s/%d", pointer, i), item)
			}
		case map[string]any:
			for _, k := range sortedKeys(v) {
				walk(pointer+"/"+EscapePointer(k), v[k])
			}
		}
	}
	walk(pointer, v)
}

func sortedNames(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}
