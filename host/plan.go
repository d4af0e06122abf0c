package host

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"patchbay/manifest"
)

// Plan is what making a connection would ask for, and where each part of it would go. Nothing in it is secret.
type Plan struct {
	Connection string      `json:"connection"`
	Connector  string      `json:"connector"`
	Version    string      `json:"version"`
	Auth       string      `json:"auth"` // id of the auth method
	Type       string      `json:"type"` // its type
	Env        string      `json:"env,omitempty"`
	Fields     []PlanField `json:"fields"`
	// Hosts get the credential with requests of the connector; Servers issue it. Both are base URLs, with the
	// names of fields in braces where there is no value.
	Hosts   []string `json:"hosts"`
	Servers []string `json:"servers"`
	Scopes  []string `json:"scopes,omitempty"`
	// Replaces says that a connection of that name exists.
	Replaces bool `json:"replaces"`
}

// PlanField is one value of a connection.
type PlanField struct {
	Name     string `json:"name"`
	Title    string `json:"title,omitempty"`
	Required bool   `json:"required"`
	Given    bool   `json:"given"`
	// Kept is where the value goes: "vault" (sealed, and shown to nobody), "connection" (kept in the clear,
	// and told to the connector), or "vendor" (the vendor's answer brings it).
	Kept string `json:"kept"`
}

// Plan says what [Host.Connect] would do with req, of which any part may be missing. It asks nobody and keeps nothing.
func (h *Host) Plan(ctx context.Context, req ConnectRequest) (Plan, error) {
	rec, method, fields, err := h.Requirements(ctx, req.Connector, req.Auth)
	if err != nil {
		return Plan{}, err
	}
	c := newConnection(req, rec, method)
	if err := h.mayReplace(ctx, c); err != nil {
		return Plan{}, err
	}
	if err := checkOverrides(c, method, rec.Grants); err != nil {
		return Plan{}, err
	}
	_, missing := h.Connection(ctx, c.Name)
	p := Plan{
		Connection: c.Name, Connector: rec.Connector, Version: rec.Version, Auth: method.ID, Type: method.Type, Env: c.Env,
		Fields: planFields(fields, method, req.Values), Scopes: method.Scopes, Replaces: missing == nil,
		Hosts: []string{}, Servers: []string{},
	}
	known := withDefaults(fields, req.Values)
	for _, g := range rec.Grants {
		if g.Authenticated() && method.Type != "none" {
			p.Hosts = append(p.Hosts, planURL(c.URLs[g.ID], g.URL, known))
		}
	}
	for _, u := range servers(method) {
		p.Servers = append(p.Servers, planURL(c.URLs[u.name], u.url, known))
	}
	return p, nil
}

func planFields(fields []manifest.Field, method manifest.AuthMethod, values map[string]string) []PlanField {
	list := make([]PlanField, 0, len(fields))
	for _, f := range fields {
		_, given := values[f.Name]
		kept := "connection"
		if _, fed := method.Feeds[f.Name]; fed && !given {
			kept = "vendor"
		}
		if f.Secret {
			kept = "vault"
		}
		list = append(list, PlanField{Name: f.Name, Title: f.Title, Required: f.Required, Given: given, Kept: kept})
	}
	return list
}

// withDefaults are the values with those that fields have when nobody gives one.
func withDefaults(fields []manifest.Field, values map[string]string) map[string]string {
	known := map[string]string{}
	for _, f := range fields {
		if f.Default != nil {
			known[f.Name] = text(f.Default)
		}
	}
	maps.Copy(known, values)
	return known
}

// planURL is an admin's URL, or the manifest's with what is known of its fields.
func planURL(override, template string, values map[string]string) string {
	if override != "" {
		return override
	}
	if text, err := manifest.Expand(template, values, manifest.EscapeURL); err == nil {
		return text
	}
	return template
}

// server is an address of an auth method that an admin may replace, under its name.
type server struct{ name, url string }

// servers lists the addresses that issue a method's credential.
func servers(a manifest.AuthMethod) []server {
	var list []server
	for _, s := range []server{{"authorize_url", a.AuthorizeURL}, {"token_url", a.TokenURL}, {"revoke_url", a.RevokeURL}} {
		if s.url != "" {
			list = append(list, s)
		}
	}
	for i, step := range a.Steps {
		list = append(list, server{"step:" + strconv.Itoa(i), step.URL})
	}
	return list
}

// SignIns lists the addresses that issue the credentials of a connector's auth methods, each once. They are templates.
// Whoever connects sends them passwords, keys and tokens, so they are a part of what is consented to.
func SignIns(m *manifest.Manifest) []string {
	var list []string
	for _, a := range m.Auth {
		for _, s := range servers(a) {
			if !slices.Contains(list, s.url) {
				list = append(list, s.url)
			}
		}
	}
	return list
}
