package auth

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

var (
	// secretName is how fields are called that hold a credential.
	secretName = regexp.MustCompile(`(?i)^(.*[_-])?(pass(word|wd|phrase|code)?|secret|secret_?key|token|api_?token|api_?key|apikey|access_?key|private_?key|(signing|signature|encryption|shared|master|auth|authorization|hmac|webhook|service|admin)_?key|passwd|pwd|jwt|bearer|credentials?|pin)$`)
	// notSecret are names that only sound so.
	notSecret = regexp.MustCompile(`(?i)^((next|prev|previous|page|pagination|continuation|cursor|sync|delta|change|skip|resume|csrf|idempotency|dedupe|partition|sort|primary|foreign|public|natural|routing|object|issue|project|record|parent|cache|translation|lookup|storage|s3|map|access_key|customer|order)[_-]?(token|key)|.*_(page|pagination|continuation|cursor|sync|delta)_token|.*[_-](url|uri|id|name|type|hint|count|length|expiry|expires_in)|key_id|zip_?code|passcode_hint)$`)
	// plainName is how fields are called that surely hold none.
	plainName = regexp.MustCompile(`(?i)^(user_?name|user|email|site|region|account|account_id|organi[sz]ation|host|sub_?domain|domain|instance|workspace|tenant|environment|client_id)$`)
)

// humps are where a word begins in camelCase.
var humps = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// isSecret reports whether a name is a credential's: client_secret, clientSecret.
func isSecret(name string) bool {
	name = humps.ReplaceAllString(name, "${1}_${2}")
	return secretName.MatchString(name) && !notSecret.MatchString(name)
}

var fields = []rule.Rule{
	rule.Look(report.Rule{
		ID: "A009", Title: "What is secret is kept secret", Severity: report.Error,
		Rationale: "A field that is not marked is stored in the clear, shown in lists, and given to the guest.",
		Fix:       "add secret: true to the field",
		Origin:    "n8n credential-password-field, Zapier AuthFieldisSafe, Airbyte airbyte_secret, Workato control_type password",
	}, func(s *rule.Subject, found rule.Found) {
		eachField(s, func(place string, f manifest.Field) {
			switch {
			case f.Secret || f.Type == "boolean" || len(f.Enum) > 0:
			case isSecret(f.Name):
				found(place, "%s is not secret", f.Name)
			case called(f.Title) && !plainName.MatchString(f.Name):
				found(place, "%s, called %q, is not secret", f.Name, f.Title)
			}
		})
	}),
	rule.Look(report.Rule{
		ID: "A010", Title: "What is no secret is not hidden", Severity: report.Note,
		Rationale: "A connection's owner cannot see any more which account it is of.",
		Fix:       "leave secret out",
		Origin:    "n8n credential-unnecessary-password",
	}, func(s *rule.Subject, found rule.Found) {
		eachField(s, func(place string, f manifest.Field) {
			if f.Secret && plainName.MatchString(f.Name) {
				found(place, "%s is secret", f.Name)
			}
		})
	}),
	rule.Look(report.Rule{
		ID: "A011", Title: "Credentials are asked for by connections alone", Severity: report.Error,
		Rationale: "An input goes into recipes and run histories, and through the guest: a credential there is nobody's secret.",
		Fix:       "make it a field of an auth method, which the host keeps and attaches",
		Origin:    "Zapier D001, n8n no-http-request-with-manual-auth",
	}, func(s *rule.Subject, found rule.Found) {
		look := func(schema json.RawMessage, place string) {
			rule.EachProperty(schema, place, func(at, name string, p map[string]any) {
				if isSecret(name) && !rule.Has(p, "boolean") {
					found(at, "the input asks for %s", name)
				}
			})
		}
		for i, a := range s.Manifest.Actions {
			look(a.Input, rule.Action(i)+"/input")
		}
		for i, t := range s.Manifest.Triggers {
			look(t.Input, rule.Trigger(i)+"/input")
		}
	}),
	rule.Look(report.Rule{
		ID: "A012", Title: "Fields of a connection say what they want", Severity: report.Warning,
		Rationale: "They are the first form that a user sees.",
		Fix:       "add title and description: where the value is found",
		Origin:    "Zapier help text, Airbyte spec titles",
	}, func(s *rule.Subject, found rule.Found) {
		for i, f := range s.Manifest.Connection.Fields {
			switch {
			case strings.TrimSpace(f.Title) == "" || strings.TrimSpace(f.Description) == "":
				found(rule.Item("/connection/fields", i), "%s has no title or no description", f.Name)
			case len(f.Enum) == 0 && repeats(f):
				found(rule.Item("/connection/fields", i)+"/description", "%q says no more than the title %q", f.Description, f.Title)
			}
		}
	}),
	rule.Look(report.Rule{
		ID: "A013", Title: "Every field of a method has a title", Severity: report.Warning,
		Rationale: "A form that asks for \"key_id\" is understood by its author alone.",
		Fix:       "add title: what the vendor's pages call it",
		Origin:    "Airbyte spec titles",
	}, func(s *rule.Subject, found rule.Found) {
		for i, a := range s.Manifest.Auth {
			for j, f := range a.Fields {
				if strings.TrimSpace(f.Title) == "" {
					found(rule.Item(method(i)+"/fields", j), "%s of method %s has none", f.Name, a.ID)
				}
			}
		}
	}),
}

// filler are words that add nothing to a title.
var filler = strings.Fields("the a an your of for to this that is please enter give provide insert value field name id")

// repeats reports whether a field's description has no word that its title and name have not.
func repeats(f manifest.Field) bool {
	said := strings.ToLower(f.Title + " " + strings.ReplaceAll(f.Name, "_", " "))
	for w := range strings.FieldsFuncSeq(strings.ToLower(f.Description), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if !slices.Contains(filler, w) && !strings.Contains(said, w) {
			return false
		}
	}
	return true
}

// called reports whether a title is what vendors call a credential: Client secret, but not Name of the token.
func called(title string) bool {
	words := strings.Fields(title)
	return len(words) <= 3 && !slices.Contains(words, "of") && isSecret(strings.Join(words, "_"))
}

func eachField(s *rule.Subject, see func(place string, f manifest.Field)) {
	for i, f := range s.Manifest.Connection.Fields {
		see(rule.Item("/connection/fields", i), f)
	}
	for i, a := range s.Manifest.Auth {
		for j, f := range a.Fields {
			see(rule.Item(method(i)+"/fields", j), f)
		}
	}
}
