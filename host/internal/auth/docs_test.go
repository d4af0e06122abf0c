package auth

import (
	"errors"
	"os"
	"strings"
	"testing"

	"patchbay/manifest"
)

// Each example of docs/auth.md is a manifest that is taken, and together they show every type and grant.
func TestDocs_Examples(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/auth.md")
	if err != nil {
		t.Fatal(err)
	}
	const frame = "schema: patchbay/v1\npublisher: acme\nname: desk\nversion: 1.0.0\ntitle: Desk\ndescription: D.\ncategories: [crm]\nlicense: MIT\nguest: {package: .}\n" +
		"http: [{id: api, url: https://api.example.com, methods: [GET]}]\n" +
		"actions: [{name: read, title: Read, description: R., read_only: true, input: {type: object}, output: {type: object}}]\n"
	shown := map[string]bool{}
	for _, block := range strings.Split(string(text), "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		m, err := manifest.Parse([]byte(frame + block))
		var d manifest.Diagnostics
		if errors.As(err, &d) {
			t.Errorf("%s\n%s", block, d.Format("auth.md"))
			continue
		}
		for _, a := range m.Auth {
			shown[a.Type], shown[a.Grant], shown[a.ClientAuth] = true, true, true
		}
	}
	for _, want := range []string{"bearer", "api_key", "basic", "headers", "oauth1", "oauth2", "exchange", "authorization_code", "client_credentials", "jwt_bearer", "private_key_jwt"} {
		if !shown[want] {
			t.Errorf("docs/auth.md has no example of %s", want)
		}
	}
}
