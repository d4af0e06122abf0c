package manifest

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The example of the package comment is a manifest.
func TestDoc_Example(t *testing.T) {
	t.Parallel()
	_, rest, ok := strings.Cut(string(read(t, "doc.go")), "// # A full example\n")
	if !ok {
		t.Fatal("doc.go has no example")
	}
	rest, _, _ = strings.Cut(rest, "// # ")
	var yaml strings.Builder
	for _, line := range strings.Split(rest, "\n") {
		if text, ok := strings.CutPrefix(line, "//\t"); ok {
			yaml.WriteString(text)
		}
		yaml.WriteString("\n")
	}
	m, err := Parse([]byte(yaml.String()))
	var d Diagnostics
	if errors.As(err, &d) {
		t.Fatal(d.Format("example"))
	}
	if len(m.Actions) != 1 || len(m.Triggers) != 1 || m.Guest.Package != "." {
		t.Errorf("%+v", m)
	}
}

// Lists in the package comment are those of schema.json and of the code.
func TestDoc_Lists(t *testing.T) {
	t.Parallel()
	text := strings.Join(strings.Fields(strings.ReplaceAll(string(read(t, "doc.go")), "//", "")), " ")
	schema, err := decodeAny(JSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	categories := unquoted(lookup(schema, "/properties/categories/items/enum"))
	n := len(categories) - 1
	for _, want := range []string{
		"Categories are " + strings.Join(categories[:n], ", ") + " and " + categories[n] + ".",
		"format is one of " + strings.Join(formats, ", ") + ", and is checked",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("doc.go does not say %q", want)
		}
	}
}

// docs/manifest.md lists every key of schema.json: it cannot drift.
func TestDocs_Reference(t *testing.T) {
	schema, err := decodeAny(JSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll("../docs", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "../docs/manifest.md", reference(schema.(map[string]any)))
}

const intro = `<!-- Made from manifest/schema.json by 'go test ./manifest -run TestDocs_Reference -update'. Do not edit. -->

# connector.yaml

%s

This page lists every key. How the parts work together, with a full example, is in the package comment of
` + "`manifest`" + ` (` + "`go doc patchbay/manifest`" + `). Keys that are not listed are refused. A key with a default may be left out; of
the others those marked "yes" are required.

Editors check a manifest as you write with the JSON Schema in ` + "`manifest/schema.json`" + `.

`

// reference writes a table for every kind of object, in the order in which they are first mentioned.
func reference(schema map[string]any) string {
	var b strings.Builder
	fmt.Fprintf(&b, intro, schema["description"])
	names := []string{""}
	for i := 0; i < len(names); i++ {
		object, title := schema, "Manifest"
		if names[i] != "" {
			object, _ = lookup(schema, "/$defs/"+names[i]).(map[string]any)
			title, _ = object["title"].(string)
			fmt.Fprintf(&b, "## %s\n\n%s\n\n", title, object["description"])
		}
		b.WriteString("| key | type | required | default | |\n|---|---|---|---|---|\n")
		props := object["properties"].(map[string]any)
		for _, k := range inOrder(object) {
			p := props[k].(map[string]any)
			words, linked := typeText(schema, p)
			for _, l := range linked {
				if !contains(names, l) {
					names = append(names, l)
				}
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k, words, requiredText(object, k), defaultText(p), cell(p["description"]))
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// inOrder returns the properties in the order of schema.json, which data in Go has lost.
func inOrder(object map[string]any) []string {
	text := string(schemaJSON)
	if title, ok := object["title"].(string); ok {
		text = text[strings.Index(text, fmt.Sprintf("%q", title)):]
	}
	text = text[strings.Index(text, `"properties"`):]
	at := map[string]int{}
	keys := sortedKeys(object["properties"])
	for _, k := range keys {
		at[k] = regexp.MustCompile(`(?m)^ +"` + regexp.QuoteMeta(k) + `": \{`).FindStringIndex(text)[0]
	}
	for i := range keys {
		for j := i; j > 0 && at[keys[j]] < at[keys[j-1]]; j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
	return keys
}

// typeText says what a property holds, and which definitions its table links to.
func typeText(schema, p map[string]any) (string, []string) {
	if ref, ok := p["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/$defs/")
		def := lookup(schema, "/$defs/"+name).(map[string]any)
		if title, ok := def["title"].(string); ok {
			return fmt.Sprintf("[%s](#%s)", strings.ToLower(title), strings.ReplaceAll(strings.ToLower(title), " ", "-")), []string{name}
		}
		switch name {
		case "schema":
			return "JSON Schema", nil
		case "duration":
			return "time span", nil
		case "bytes":
			return "size", nil
		case "name", "slug", "path", "link", "pointer", "template":
			return map[string]string{"slug": "name", "link": "https URL", "pointer": "JSON pointer"}[name] + map[string]string{"name": "name", "path": "path", "template": "template"}[name], nil
		}
		return typeText(schema, def)
	}
	switch {
	case p["enum"] != nil:
		return cell("`" + strings.Join(unquoted(p["enum"]), "`, `") + "`"), nil
	case p["const"] != nil:
		return fmt.Sprintf("`%v`", p["const"]), nil
	}
	switch p["type"] {
	case "array":
		words, linked := typeText(schema, p["items"].(map[string]any))
		return "list of " + words, linked
	case "object":
		if values, ok := p["additionalProperties"].(map[string]any); ok {
			words, linked := typeText(schema, values)
			return "map to " + words, linked
		}
		return "object", nil
	case "integer":
		return fmt.Sprintf("%v to %v", p["minimum"], p["maximum"]), nil
	case "string":
		return "text", nil
	case "boolean":
		return "boolean", nil
	case nil:
		return "any", nil
	}
	return strings.Join(unquoted(p["type"]), " or "), nil
}

func requiredText(object map[string]any, key string) string {
	if contains(unquoted(object["required"]), key) {
		return "yes"
	}
	return ""
}

func defaultText(p map[string]any) string {
	if d, ok := p["default"]; ok {
		return "`" + strings.Trim(show(d), `"`) + "`"
	}
	return ""
}

func cell(v any) string { return strings.ReplaceAll(fmt.Sprint(v), "|", `\|`) }

func contains(list []string, word string) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
}
