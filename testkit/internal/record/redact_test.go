package record

import (
	"slices"
	"strings"
	"testing"
)

func TestIsSecret(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"access_token", "refresh_token", "id_token", "client_secret", "password", "newPassword", "Authorization", "Proxy-Authorization",
		"cookie", "Set-Cookie", "api_key", "X-Api-Key", "apikey", "session", "session_id", "JSESSIONID", "X-CSRF-Token", "token",
		"access%5Ftoken", "client%2Dsecret", "X-Amz-Signature", "X-Amz-Security-Token", "private_key",
	} {
		if !isSecret(name) {
			t.Errorf("%s is no secret", name)
		}
	}
	for _, name := range []string{
		"id", "name", "next_page_token", "pageToken", "continuation_token", "author", "authors", "secretary", "sessions", "key", "keys",
		"X-Ratelimit-Limit", "code", "tokens_used", "passenger", "design", "",
	} {
		if isSecret(name) {
			t.Errorf("%s is a secret", name)
		}
	}
}

func TestRedactor_Body(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in, want string
		learned        []string
	}{
		{"a field", `{"access_token":"abcdefgh1","n":1}`, `{"access_token": "[redacted]", "n": 1}`, []string{"abcdefgh1"}},
		{"deep", `{"a":[{"auth":{"value":"abcdefgh1","ttl":3600}}]}`, `{"a": [{"auth": {"value": "[redacted]", "ttl": 0}}]}`, []string{"abcdefgh1"}},
		{"a list", `{"cookies":["abcdefgh1"]}`, `{"cookies": ["[redacted]"]}`, []string{"abcdefgh1"}},
		{"a number", `{"password":12345678,"n":1.50}`, `{"password": 0, "n": 1.50}`, []string{"12345678"}},
		{"true and null", `{"password":null,"secret":true}`, `{"password": null, "secret": true}`, nil},
		{"a session that has a title", `{"session":{"title":"Opening","session_id":"abcdefgh1"}}`, `{"session": {"title": "Opening", "session_id": "[redacted]"}}`, []string{"abcdefgh1"}},
		{"a session that is one", `{"session":"abcdefgh1"}`, `{"session": "[redacted]"}`, []string{"abcdefgh1"}},
		{"a short one is not looked for", `{"password":"abc"}`, `{"password": "[redacted]"}`, nil},
		{"a word is not looked for", `{"token":"customers"}`, `{"token": "[redacted]"}`, nil},
		{"a sentence is", `{"passphrase":"correct horse battery"}`, `{"passphrase": "[redacted]"}`, []string{"correct horse battery"}},
		{"redacted already", `{"token":"[redacted]"}`, `{"token": "[redacted]"}`, nil},
		{"a URL", `{"next":"https://a.example/x?page=2&access_token=abcdefgh1&z=1"}`, `{"next": "https://a.example/x?page=2&access_token=%5Bredacted%5D&z=1"}`, []string{"abcdefgh1"}},
		{"a percent-encoded name", `{"next":"https://a.example/x?access%5Ftoken=abcdefgh1"}`, `{"next": "https://a.example/x?access%5Ftoken=%5Bredacted%5D"}`, []string{"abcdefgh1"}},
		{"a URL in a URL", `{"u":"https://a.example/x?to=https%3A%2F%2Fb.example%2F%3Fapi_key%3Dabcdefgh1%26y%3D2&z=1"}`,
			`{"u": "https://a.example/x?to=https%3A%2F%2Fb.example%2F%3Fapi_key%3D%5Bredacted%5D%26y%3D2&z=1"}`, []string{"abcdefgh1"}},
		{"JSON in JSON", `{"raw":"{\"password\": \"abcdefgh1\", \"n\": 1}"}`, `{"raw": "{\"password\": \"[redacted]\", \"n\": 1}"}`, []string{"abcdefgh1"}},
		{"a bearer token", `{"seen":"Authorization: Bearer abcdefgh1"}`, `{"seen": "Authorization: Bearer [redacted]"}`, []string{"abcdefgh1"}},
		{"words about one", `{"m":"Bearer authentication and Basic authentication are known"}`, `{"m": "Bearer authentication and Basic authentication are known"}`, nil},
		{"basic", `{"m":"Basic dXNlcjpwYXNzd29yZA=="}`, `{"m": "Basic [redacted]"}`, []string{"dXNlcjpwYXNzd29yZA=="}},
		{"a JWT", `{"m":"see eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln here"}`, `{"m": "see [redacted] here"}`, []string{"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln"}},
		{"a form", `user=ada&password=abc%2Fdefgh1&n=1`, `user=ada&password=%5Bredacted%5D&n=1`, []string{"abc/defgh1"}},
		{"XML", `<a><s:sessionId x="1">abcdefgh1</s:sessionId><b>c</b></a>`, `<a><s:sessionId x="1">[redacted]</s:sessionId><b>c</b></a>`, []string{"abcdefgh1"}},
		{"lines of JSON", "{\"token\": \"abcdefgh1\"}\n{\"n\": 1}", "{\"token\": \"[redacted]\"}\n{\"n\": 1}", []string{"abcdefgh1"}},
		{"a key", "x -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- y", "x [redacted] y", nil},
		{"a name that is one", `{"token=abcdefgh1":1}`, `{"token=%5Bredacted%5D": 1}`, []string{"abcdefgh1"}},
		{"nothing", "", "", nil},
		{"text", "Hello, world: a=b", "Hello, world: a=b", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &redactor{}
			if got := string(r.body([]byte(tt.in))); got != tt.want {
				t.Errorf("it is\n%s\nwant\n%s", got, tt.want)
			}
			if tt.name != "a key" && !slices.Equal(r.learned, tt.learned) {
				t.Errorf("learned %q, want %q", r.learned, tt.learned)
			}
		})
	}
}

func TestPersonal(t *testing.T) {
	t.Parallel()
	text := "About.\n-- http/1.response --\n200\n\n{\"a\": \"ada@acme.co.uk\", \"b\": \"ada@example.com\", \"c\": \"x@y.example\",\n\"p\": \"+49 (30) 123456\"}\n{\"a\": \"ada@acme.co.uk\"}\n"
	got := Personal([]byte(text))
	want := []Found{{"http/1.response:3", "e-mail address", "ada@acme.co.uk"}, {"http/1.response:4", "phone number", "+49 (30) 123456"}}
	if !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if got := Personal([]byte("2026-11-26T01:02:03+01:00 \"UTC_offset\": \"+00:00\"")); len(got) != 0 {
		t.Errorf("a time is %v", got)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	got := Secrets(map[string]string{
		"token": "s3cret", "pin": "123", "key": "-----BEGIN KEY-----\nMIIabcdefghijklmnop\nxyz\n-----END KEY-----\n",
		"account": `{"project":"a-project-of-mine","private_key":"a-private-key"}`,
		".tokens": `{"set":"0123456789ab","access":"an-access-token","values":{"sid":"a-session-id"},"scope":"read_orders write","expires":"2026-11-26T00:00:00Z"}`,
	})
	for _, want := range []string{"s3cret", "an-access-token", "a-session-id", "a-private-key", "MIIabcdefghijklmnop"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	for _, not := range []string{"123", "access", "read_orders write", "0123456789ab", "a-project-of-mine", "2026-11-26T00:00:00Z"} {
		if slices.Contains(got, not) {
			t.Errorf("%q is a secret", not)
		}
	}
	if !slices.IsSortedFunc(got, func(a, b string) int { return len(b) - len(a) }) || strings.Contains(strings.Join(got, " "), "xyz ") {
		t.Errorf("%q", got)
	}
}

// TestRedactor_Hostile ends soon, whatever a vendor answers.
func TestRedactor_Hostile(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"a=", "a%3D", "a%3D%26", "<a>", `"a":"`, "token: ", "[", "eyJ"} {
		r := &redactor{}
		r.body([]byte(strings.Repeat(part, 100_000)))
	}
}
