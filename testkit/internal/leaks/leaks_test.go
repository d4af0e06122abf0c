package leaks

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// join keeps the parts of made-up credentials apart in this file, so that nothing takes them for real ones.
func join(parts ...string) string { return strings.Join(parts, "") }

// planted are made-up credentials of well-known kinds, as they stand in texts.
var planted = map[string]string{
	"aws-access-token":              join("AKIA", "QYLPMN5HHHFPZAM2"),
	"github-pat":                    join("gh", "p_16C7e42F292c6912E7710c838347Ae178B4a"),
	"github-fine-grained-pat":       join("github_", "pat_11ABCDEFG0a1b2c3d4e5f6_7h8i9j0k1l2m3n4o5p6q7r8s9t0u1v2w3x4y5z6A7B8C9D0E1F2G3H4I5J6"),
	"gitlab-pat":                    join("glp", "at-9s8xKz2Qw4Rt6Yu8Ip0a"),
	"slack-bot-token":               join("xo", "xb-781236542736-2364535789652-GkwFDQoHqzXDVsC6GzqYUypD"),
	"slack-webhook-url":             join("https://hooks.", "slack.com/services/T0DCUJB1Q/B0DD08H5G/bJtrpFi1fO1JMCcwLx8uZyAg"),
	"stripe-access-token":           join("sk_", "live_51OuEMLAlTWGaDypq4P5cuDHbuKeG4tAGPYHJpEXQ7zE8mKK3jkhTFPvCxnSSK5zB5EQZrJsYdsatNmAHGgb0vSKD00GTMSWRHs"),
	"sendgrid-api-token":            join("S", "G.3vR8s0kUQ2mBxY7wLz5nTg.h4Kp9QvXc2Wn7Zr5Ty8Ub1Mj6Ld3Fg0Hs2Ka4Sp7QwE"),
	"openai-api-key":                join("sk-", "a1B2c3D4e5F6g7H8i9J0T3Blbk", "FJk1L2m3N4o5P6q7R8s9T0"),
	"npm-access-token":              join("np", "m_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8"),
	"twilio-api-key":                join("S", "K0123456789abcdef9876543210fedcba"),
	"gcp-api-key":                   join("AIz", "aSyD3k9QxWv2Lm8Zr5Ty7Ub1Nj6Pd4Fg0HsK"),
	"jwt":                           join("ey", "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.ey", "JzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"),
	"private-key":                   join("-----BEGIN RSA PRI", "VATE KEY-----\n", strings.Repeat("MIIEpAIBAAKCAQEA7bq0yTqJkHq1v3Zc5l9kq2mXwHcGJr8Qv0n2yqkXc3v1\n", 4), "-----END RSA PRI", "VATE KEY-----"),
	"shopify-access-token":          join("shp", "at_0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
	"databricks-api-token":          join("da", "pi0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
	"digitalocean-pat":              join("do", "p_v1_0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"),
	"linear-api-key":                join("lin_", "api_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"),
	"hashicorp-tf-api-token":        join("a1B2c3D4e5F6g7.", "atlasv1.a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B8c9D0e1F2"),
	"age-secret-key":                join("AGE-", "SECRET-KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE"),
	"telegram-bot-api-token":        join(`telegram_token = "`, "123456789:A", `AF-a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P"`),
	"generic-api-key":               join(`api_key = "`, "q7Rk2Wn9Zt4Xb8Lp5Vm3", `"`),
	"hubspot-api-key":               join(`hubspot_key = "`, "a1b2c3d4-e5f6-0718-293a-4b5c6d7e8f90", `"`),
	"mailgun-private-api-token":     join(`mailgun_key = "ke`, "y-0a1b2c3d4e5f60718293a4b5c6d7e8f9", `"`),
	"postman-api-token":             join("PM", "AK-0a1b2c3d4e5f60718293a4b5-c6d7e8f90a1b2c3d4e5f60718293a4b5c6"),
	"grafana-service-account-token": join("gl", "sa_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6_0a1b2c3d"),
}

func TestFind(t *testing.T) {
	t.Parallel()
	for kind, secret := range planted {
		text := []byte("# A page\n\nnothing here\n" + secret + "\nand more text that is harmless\n")
		found := Find(text)
		if len(found) == 0 {
			t.Errorf("%s is not found", kind)
			continue
		}
		l := found[0]
		if l.Line != 4 || !strings.Contains(l.Shown, "characters") || len(l.Shown) > 40 {
			t.Errorf("%s: %+v", kind, l)
		}
		if strings.Contains(fmt.Sprint(found), secret) {
			t.Errorf("%s: the credential is shown", kind)
		}
	}
}

func TestFind_Harmless(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "token: [redacted]", `{"token": "canary-token-5f3a9c17e2b84d60"}`, "secret: true", "api_key: {type: string, description: The key.}",
		"https://example.com/tokens", "page_token=abc", "Authorization: Bearer {token}", `"id": "c15bf2be31c3a7fbded5d13fce7aaab9"`,
		"sha256:436c990094f321fe48a36610fba58a90c22fa8a805d8b9c82169b685f832b5ae",
	} {
		if found := Find([]byte(text)); len(found) > 0 && !strings.Contains(text, "canary") {
			t.Errorf("%q: %+v", text, found)
		}
	}
}

// TestFindIn hides credentials between bytes, as a compiler would.
func TestFindIn(t *testing.T) {
	t.Parallel()
	noise := bytes.Repeat([]byte{0, 1, 0x41, 0xff, 0x0b}, 5000)
	for _, kind := range []string{"aws-access-token", "github-pat", "slack-bot-token", "stripe-access-token", "private-key", "gcp-api-key", "sendgrid-api-token"} {
		module := append(append(bytes.Clone(noise), "text"+planted[kind]+"Text"...), noise...)
		if found := FindIn(module); len(found) != 1 || found[0].Offset != len(noise)+len("text") {
			t.Errorf("%s: %+v", kind, found)
		}
	}
	if found := FindIn(append(noise, planted["generic-api-key"]...)); len(found) > 0 {
		t.Errorf("a word after key: %+v", found)
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range planted {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, l := range append(Find(text), FindIn(text)...) {
			if l.Offset < 0 || l.Offset >= len(text) || l.Line < 1 || l.Kind == "" {
				t.Errorf("%+v in %d bytes", l, len(text))
			}
		}
	})
}

func BenchmarkFindIn(b *testing.B) {
	module := bytes.Repeat([]byte("func (c *Client) keyOf(token string) secret api "), 4<<20/48)
	for b.Loop() {
		FindIn(module)
	}
}
