package contract

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"patchbay/manifest"
)

const desk = `schema: patchbay/v1
publisher: acme
name: desk
version: 1.2.0
title: Acme Desk
description: Reads and files tickets.
categories: [customer-support]
license: Apache-2.0
guest: {module: guest.wasm}
connection:
  fields:
    - {name: site, title: Site, required: true, pattern: "[a-z]+"}
    - {name: region, title: Region, enum: [eu, us], default: eu}
auth:
  - {id: token, type: bearer, title: Token}
  - {id: login, type: oauth2, title: Login, grant: authorization_code, authorize_url: "https://a.desk.example/authorize", token_url: "https://a.desk.example/token", scopes: [read, write]}
http:
  - {id: api, url: "https://{site}.desk.example/api", methods: [GET, POST], paths: [/tickets], reason: Reads tickets.}
  - {id: files, url: "https://files.desk.example", methods: [GET], auth: false, reason: Reads files.}
quotas:
  - {id: minute, requests: 100, per: 1m}
retry: {attempts: 4}
errors:
  - {status: 404, code: not_found}
actions:
  - name: list
    title: List
    description: Lists tickets.
    read_only: true
    input:
      type: object
      properties:
        queue: {type: string, maxLength: 40}
        size: {type: integer, minimum: 1, maximum: 100}
      additionalProperties: false
    output:
      type: object
      required: [items]
      properties:
        items: {type: array, items: {type: object, properties: {id: {type: string}, subject: {type: string}}, additionalProperties: false}}
        cursor: {type: integer}
      additionalProperties: false
    samples: [{input: {queue: a}, output: {items: []}}]
    data_classes: [public]
  - name: save
    title: Save
    description: Saves a contact.
    idempotency: {key: [email]}
    input: {type: object, required: [email], properties: {email: {type: string}}, additionalProperties: false}
    output: {type: object, properties: {email: {type: string}}, additionalProperties: false}
    samples: [{input: {email: a}, output: {}}]
triggers:
  - name: changed
    title: Changed
    description: Fires on change.
    input: {type: object, additionalProperties: false}
    output: {type: object, required: [id, version], properties: {id: {type: string}, version: {type: integer}}}
    dedupe: [id, version]
    poll: {every: 5m, least: 1m}
options:
  - {name: queues, description: Queues.}
`

func parse(t *testing.T, replace ...string) *manifest.Manifest {
	t.Helper()
	text := desk
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("the manifest has no %q", replace[i])
		}
		text = strings.Replace(text, replace[i], replace[i+1], 1)
	}
	m, err := manifest.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return m
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		replace  []string
		want     string // level, place and the beginning of the reason of the greatest change; "!" after the level: asked about
		backward string // the same the other way round
	}{
		{"nothing", nil, "none", "none"},
		{"a title", []string{"title: List\n", "title: List tickets\n"}, "patch /actions/0: it is described", "patch /actions/0"},
		{"the listing", []string{"title: Acme Desk", "title: Desk of Acme"}, "patch /: the listing", "patch /"},
		{"the licence", []string{"Apache-2.0", "MIT"}, "minor! /license: the licence is MIT", "minor! /license"},
		{"an action more", []string{"  - name: save\n", "  - name: keep\n"}, "major /actions/1: action save is gone", "major /actions/1: action keep is gone"},
		{"a function more", []string{"options:\n", "options:\n  - {name: teams, description: Teams.}\n"}, "minor /options/0: function teams is new", "major /options/0: function teams is gone"},
		{"an input required", []string{"      properties:\n        queue", "      required: [queue]\n      properties:\n        queue"}, `major /actions/0/input: the input: an object without "queue"`, "minor /actions/0/input: the input takes more"},
		{"an input more", []string{"        size:", "        sort: {type: string}\n        size:"}, "minor /actions/0/input: the input takes more", "major /actions/0/input: the input: the property sort is not taken"},
		{"an open input less", []string{"        size: {type: integer, minimum: 1, maximum: 100}\n      additionalProperties: false\n    output", "        size: {type: integer, minimum: 1, maximum: 100}\n    output"}, "minor /actions/0/input: the input takes more", "major /actions/0/input"},
		{"a fault for the same error", []string{"{status: 404, code: not_found}", "{status: 404, code: conflict}"}, "major /errors/0/code: what was the fault not_found is conflict", "major /errors/0/code"},
		{"a bound", []string{"maximum: 100", "maximum: 50"}, "major /actions/0/input/properties/size: the input: a number above 50", "minor /actions/0/input"},
		{"a description of an input", []string{"{type: string, maxLength: 40}", "{type: string, maxLength: 40, description: Which.}"}, "patch /actions/0/input", "patch /actions/0/input"},
		{"a default", []string{"{type: string, maxLength: 40}", "{type: string, maxLength: 40, default: a}"}, `minor /actions/0/input/properties/queue/default: what is left out is "a", not nothing`, `minor /actions/0/input/properties/queue/default: what is left out is nothing, not "a"`},
		{"a pick list", []string{"{type: string, maxLength: 40}", "{type: string, maxLength: 40, x-options: queues}"}, "patch /actions/0/input: the input is described", "minor /actions/0/input/properties/queue/x-options: queues helps no more"},
		{"an output more", []string{"subject: {type: string}", "subject: {type: string}, owner: {type: string}"}, "minor /actions/0/output: the output has more", "major /actions/0/output/properties/items/items/properties/owner: the output has it no more"},
		{"an output of another type", []string{"cursor: {type: integer}", "cursor: {type: [integer, string]}"}, "major /actions/0/output/properties/cursor: the output is not what it was: a value of type string", "minor /actions/0/output"},
		{"an output not always there", []string{"required: [items]", "required: []"}, `major /actions/0/output: the output is not what it was: an object without "items"`, "minor /actions/0/output"},
		{"a writing action", []string{"    read_only: true\n", ""}, "major! /actions/0/read_only: action list only read", "patch /actions/0/read_only"},
		{"not repeatable", []string{"    idempotency: {key: [email]}\n", ""}, "major /actions/1/idempotency: action save may not be repeated any more", "minor /actions/1/idempotency: action save may be repeated now: key email"},
		{"repeatable otherwise", []string{"{key: [email]}", "{header: Idempotency-Key}"}, "major /actions/1/idempotency: action save may be repeated for another reason", "major /actions/1/idempotency"},
		{"more data", []string{"[public]", "[public, personal]"}, "minor! /actions/0/data_classes: it handles personal data now", "patch /actions/0/data_classes"},
		{"samples", []string{"{queue: a}", "{queue: b}"}, "patch /actions/0/samples", "patch /actions/0/samples"},
		{"a dedupe key", []string{"dedupe: [id, version]", "dedupe: [id]"}, "major /triggers/0/dedupe: events of changed are known by id, not by id, version", "major /triggers/0/dedupe"},
		{"the order of a dedupe key", []string{"dedupe: [id, version]", "dedupe: [version, id]"}, "none", "none"},
		{"polled less often", []string{"least: 1m", "least: 2m"}, "major /triggers/0/poll/least: users may choose 2m", "minor /triggers/0/poll"},
		{"a host more", []string{"quotas:", "  - {id: x, url: \"https://x.desk.example\", methods: [GET], reason: X.}\nquotas:"}, "minor! /http/2: https://x.desk.example is asked for", "patch /http/2: https://x.desk.example is not asked for"},
		{"a method more", []string{"[GET, POST]", "[GET, POST, DELETE]"}, "minor! /http/0/methods: DELETE is granted too", "patch /http/0/methods"},
		{"all paths", []string{"paths: [/tickets], ", ""}, "minor! /http/0/paths: /** is granted too", "minor! /http/0/paths: /tickets is granted too"},
		{"another host", []string{"{site}.desk.example/api", "{site}.desk2.example/api"}, "minor! /http/0/url: https://{site}.desk2.example/api is asked for", "minor! /http/0/url"},
		{"a credential more", []string{"auth: false, ", ""}, "minor! /http/1/auth: requests to https://files.desk.example carry", "patch /http/1/auth"},
		{"a method of auth less", []string{"  - {id: token, type: bearer, title: Token}\n", ""}, "major /auth/0: auth method token is gone", "minor /auth/0: auth method token is new"},
		{"another kind of auth", []string{"type: bearer", "type: basic"}, "major! /auth/0/type: auth method token works another way", "major! /auth/0/type"},
		{"a scope more", []string{"[read, write]", "[read, write, admin]"}, `major! /auth/1/scopes: scope "admin" is asked for`, "patch /auth/1/scopes"},
		{"another token endpoint", []string{"a.desk.example/token", "b.desk.example/token"}, "minor! /auth/1: auth method login sends credentials to other", "minor! /auth/1"},
		{"another authorization endpoint", []string{"a.desk.example/authorize", "b.desk.example/authorize"}, "minor! /auth/1: auth method login sends credentials to other", "minor! /auth/1"},
		{"another default method", []string{"  - {id: token, type: bearer, title: Token}\n", "", "http:\n", "  - {id: token, type: bearer, title: Token}\nhttp:\n"},
			"minor /auth/0: the default auth method is login, not token", "minor /auth/0: the default auth method is token, not login"},
		{"no PKCE", []string{"scopes: [read, write]", "scopes: [read, write], pkce: false"}, "minor! /auth/1: auth method login proves", "minor! /auth/1"},
		{"a field required", []string{"    - {name: region", "    - {name: team, title: Team, required: true}\n    - {name: region"}, "major /connection/fields: field team is required", "minor /connection/fields: field team is not asked for"},
		{"an optional field", []string{"    - {name: region", "    - {name: team, title: Team}\n    - {name: region"}, "minor /connection/fields: field team is new", "minor /connection/fields"},
		{"a narrower field", []string{`"[a-z]+"`, `"[a-z]{3}"`}, "major /connection/fields: field site must match [a-z]{3}", "major /connection/fields"},
		{"fewer values of a field", []string{"enum: [eu, us]", "enum: [eu]"}, "major /connection/fields: field region takes fewer", "patch /connection/fields"},
		{"an error rule more", []string{"  - {status: 404, code: not_found}\n", "  - {status: 404, code: not_found}\n  - {status: 409, code: conflict}\n"}, "minor /errors/1: calls may end with conflict", "minor /errors: no error rule says conflict"},
		{"retries", []string{"attempts: 4", "attempts: 5"}, "patch /retry", "patch /retry"},
		{"quotas", []string{"requests: 100", "requests: 50"}, "patch /quotas", "patch /quotas"},
		{"limits", []string{"actions:\n", "limits: {memory: 128MiB}\nactions:\n"}, "minor! /limits: more is asked for", "patch /limits: less"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			old, new := parse(t), parse(t, tt.replace...)
			for _, way := range []struct {
				d    Diff
				want string
			}{{Compare(old, new), tt.want}, {Compare(new, old), tt.backward}} {
				got := way.d.Level.String()
				if len(way.d.Changes) > 0 {
					x := way.d.Changes[0]
					got = x.Level.String() + map[bool]string{true: "!"}[x.Consent] + " " + x.Place + ": " + x.Reason
				}
				if !strings.HasPrefix(got, way.want) {
					t.Errorf("%q, want %q\n%v", got, way.want, way.d.Changes)
				}
			}
		})
	}
}

// TestCompare_Hosts: more values of a field that is part of a host's name are more hosts, which somebody must allow.
func TestCompare_Hosts(t *testing.T) {
	t.Parallel()
	site, region := `{name: site, title: Site, required: true, pattern: "[a-z]+"}`, "enum: [eu, us], default: eu"
	one := []string{site, "{name: site, title: Site, required: true, enum: [a, b]}"}
	for _, tt := range []struct {
		name     string
		old, new []string
		want     bool
	}{
		{"one more", one, []string{site, "{name: site, title: Site, required: true, enum: [a, b, c]}"}, true},
		{"one less", one, []string{site, "{name: site, title: Site, required: true, enum: [a]}"}, false},
		{"any", nil, []string{`"[a-z]+"}`, `"[a-z.]+"}`}, true},
		{"a list in place of a pattern", nil, one, true},
		{"of a token's host", []string{"//a.desk.example/token", "//{region|lower}.desk.example/token"},
			[]string{"//a.desk.example/token", "//{region|lower}.desk.example/token", region, "enum: [eu, us, au], default: eu"}, true},
		{"of no host", nil, []string{region, "enum: [eu, us, au], default: eu"}, false},
	} {
		asked := false
		for _, c := range Compare(parse(t, tt.old...), parse(t, tt.new...)).Changes {
			asked = asked || c.Consent && c.Level == Minor && strings.HasPrefix(c.Place, "/connection/fields")
		}
		if asked != tt.want {
			t.Errorf("%s: asked %v, want %v", tt.name, asked, tt.want)
		}
	}
}

// TestCompare_Webhook: what vendors send to subscriptions of today must be believed tomorrow.
func TestCompare_Webhook(t *testing.T) {
	t.Parallel()
	const poll, webhook = "poll: {every: 5m, least: 1m}", `webhook: {signature: {scheme: hmac_sha256, header: X-Signature}}`
	for _, tt := range []struct{ old, new, want string }{
		{poll, webhook, "major /triggers/0: trigger changed comes by other means"},
		{webhook, strings.Replace(webhook, "X-Signature", "X-Signed", 1), "major /triggers/0/webhook/signature: calls are believed for another reason"},
	} {
		x := Compare(parse(t, poll, tt.old), parse(t, poll, tt.new)).Changes[0]
		if got := x.Level.String() + " " + x.Place + ": " + x.Reason; !strings.HasPrefix(got, tt.want) {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestDiff_Allows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		level    Level
		old, new string
		want     string
	}{
		{Major, "1.2.3", "2.0.0", ""},
		{Major, "1.2.3", "1.3.0", "the least is 2.0.0"},
		{Major, "1.2.3", "2.0.0-rc.1", ""},
		{Major, "0.2.3", "0.3.0", ""},
		{Major, "0.2.3", "0.2.4", "the least is 0.3.0"},
		{Minor, "1.2.3", "1.3.0", ""},
		{Minor, "1.2.3", "1.2.4", "the least is 1.3.0"},
		{Minor, "0.2.3", "0.2.4", ""},
		{Patch, "1.2.3", "1.2.4", ""},
		{Patch, "1.2.3", "1.2.3", "the least is 1.2.4"},
		{Patch, "0.2.3", "0.2.4", ""},
		{None, "1.2.3", "1.2.3", ""},
		{None, "1.2.3", "1.2.2", "is too small"},
		{Major, "2.0.0-rc.1", "2.0.0", "the least is 3.0.0"},
		{Patch, "1.2.0-rc.1", "1.2.0", ""},
		{Patch, "1.2.0-rc.2", "1.2.0-rc.1", "is too small"},
		{Minor, "1.2.3", "1.3.0-beta", ""},
	} {
		old, errOld := manifest.ParseVersion(tt.old)
		new, errNew := manifest.ParseVersion(tt.new)
		if errOld != nil || errNew != nil {
			t.Fatal(errOld, errNew)
		}
		err := Diff{Level: tt.level}.Allows(old, new)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s to %s: %v, want %q", tt.level, tt.old, tt.new, err, tt.want)
		}
	}
}

// TestCompare_Symmetry: an input that takes more one way takes less the other.
func TestCompare_Symmetry(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) json.RawMessage {
			props := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.SampledFrom([]any{map[string]any{"type": "string"}, map[string]any{"type": "integer"}, map[string]any{}}), 0, 3).Draw(t, label)
			s, err := json.Marshal(map[string]any{"type": "object", "properties": props, "additionalProperties": rapid.Bool().Draw(t, label+" open")})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		old, new := draw("old"), draw("new")
		there, back := &comparison{}, &comparison{}
		there.input("", old, new)
		back.input("", new, old)
		if len(there.found) == 0 {
			return
		}
		// What takes more one way takes less the other.
		if there.found[0].Level == Minor && (len(back.found) == 0 || back.found[0].Level != Major) {
			t.Errorf("%s to %s: %v, back %v", old, new, there.found, back.found)
		}
	})
}

func TestLevel_Text(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(Diff{Level: Minor, Changes: []Change{{Level: Major, Place: "/x", Reason: "y"}}})
	if diff := cmp.Diff(`{"level":"minor","changes":[{"level":"major","place":"/x","reason":"y"}]}`, string(got)); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
