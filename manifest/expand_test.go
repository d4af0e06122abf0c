package manifest

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	fields := map[string]string{"account": "1234567_SB1", "host": "eu.acme.example", "id": "a b", "label": "x-1", "star": "*", "query": "a?b=c#d%2F", "slash": "a/b", "back": `a\b`,
		"dots": "..", "dot": ".", "empty": "", "evil": "evil.example/", "user": "a@evil.example", "port": "a:80", "line": "a\nb", "unicode": "é"}
	tests := []struct {
		template string
		escape   Escape
		want     string
		wantErr  string
	}{
		{"https://{host}/api/{id}", EscapeURL, "https://eu.acme.example/api/a%20b", ""},
		{"https://{label}.acme.example", EscapeURL, "https://x-1.acme.example", ""},
		{"/u/{id}/*/{label}-{id}/**", EscapeURL, "/u/a%20b/*/x-1-a%20b/**", ""},
		{"/u/{star}", EscapeURL, "/u/%2A", ""},
		{"/u/{query}", EscapeURL, "/u/a%3Fb=c%23d%252F", ""},
		{"/u/{unicode}", EscapeURL, "/u/%C3%A9", ""},
		{"/u/x{dot}", EscapeURL, "/u/x.", ""},
		{"{id}:{slash}", EscapeNone, "a b:a/b", ""},
		{"", EscapeURL, "", ""},
		{"https://{account|dashes|lower}.acme.example", EscapeURL, "https://1234567-sb1.acme.example", ""},
		{"{account|underscores|upper}/{label|upper}/{label|underscores}", EscapeNone, "1234567_SB1/X-1/x_1", ""},
		{"{account|dashes}/{account|lower}", EscapeNone, "1234567-SB1/1234567_sb1", ""},
		{"https://{account}.acme.example", EscapeURL, "", `field "account" is not a host name`},
		{"{id|title}", EscapeNone, "", `"{id|title}" has the filter "title", and filters are dashes, lower, underscores and upper`},
		{"{id|}", EscapeNone, "", `"{id|}" has the filter "", and filters are dashes, lower, underscores and upper`},
		{"{|upper}", EscapeNone, "", `"{|upper}" has a brace that is not part of a {field}`},
		{"/u/{slash}", EscapeURL, "", `field "slash" holds a slash, which would change the URL's path`},
		{"/u/{back}", EscapeURL, "", `field "back" holds a slash, which would change the URL's path`},
		{"/u/{dots}/x", EscapeURL, "", `"/u/{dots}/x" with its fields has a dot segment (. or ..)`},
		{"/u/{dot}{dot}", EscapeURL, "", `"/u/{dot}{dot}" with its fields has a dot segment (. or ..)`},
		{"/u/{dot}", EscapeURL, "", `"/u/{dot}" with its fields has a dot segment (. or ..)`},
		{"/u/{empty}", EscapeURL, "", `field "empty" is empty, and a URL needs it`},
		{"https://{evil}.acme.example", EscapeURL, "", `field "evil" is not a host name`},
		{"https://{user}", EscapeURL, "", `field "user" is not a host name`},
		{"https://{port}", EscapeURL, "", `field "port" is not a host name`},
		{"https://{dots}", EscapeURL, "", `field "dots" is not a host name`},
		{"https://{unicode}.example", EscapeURL, "", `field "unicode" is not a host name`},
		{"/{line}", EscapeURL, "", `field "line" holds a control character`},
		{"{line}", EscapeNone, "", `field "line" holds a control character`},
		{"{nobody}", EscapeNone, "", `field "nobody" has no value`},
		{"{id", EscapeNone, "", `"{id" has a brace that is not part of a {field}`},
		{"id}", EscapeNone, "", `"id}" has a brace that is not part of a {field}`},
		{"{Id}", EscapeNone, "", `"{Id}" has a brace that is not part of a {field}`},
	}
	for _, tt := range tests {
		got, err := Expand(tt.template, fields, tt.escape)
		if text := errorText(err); got != tt.want || text != tt.wantErr {
			t.Errorf("Expand(%q)\ngot  %q, %s\nwant %q, %s", tt.template, got, text, tt.want, tt.wantErr)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// No value changes where a URL leads, and an error never repeats one: it may be a secret.
func TestExpand_KeepsStructure(t *testing.T) {
	t.Parallel()
	text := rapid.StringOf(rapid.RuneFrom([]rune("ab.-/\\?#%@:*{}[] \x00\né0")))
	rapid.Check(t, func(t *rapid.T) {
		fields := map[string]string{"h": text.Draw(t, "h"), "p": text.Draw(t, "p")}
		got, err := Expand("https://{h}.acme.example/api/{p}/x", fields, EscapeURL)
		if err != nil {
			for _, v := range fields {
				if len(v) > 12 && strings.Contains(err.Error(), v) {
					t.Fatalf("%v repeats %q", err, v)
				}
			}
			return
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		segments := strings.Split(u.EscapedPath(), "/")
		if u.Scheme != "https" || !strings.HasSuffix(u.Host, ".acme.example") || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
			len(segments) != 4 || segments[1] != "api" || segments[3] != "x" || u.JoinPath().EscapedPath() != u.EscapedPath() {
			t.Fatalf("%q became %q", fields, got)
		}
		if p, err := url.PathUnescape(segments[2]); err != nil || p != fields["p"] {
			t.Fatalf("%q became %q", fields["p"], segments[2])
		}
	})
}
