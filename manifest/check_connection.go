package manifest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

func (c *checker) connection() {
	spec := c.m.Connection
	for i, f := range spec.Fields {
		c.field(at("connection", "fields", i), f)
	}
	if (len(spec.Fields) > 0 || spec.Test != "") && !c.has("/auth") {
		c.add("/connection", "a connection needs an auth method", "", "add auth: [{id: none, type: none}] if the vendor asks for no credential")
	}
}

func (c *checker) field(pointer string, f Field) {
	if f.Type == "" {
		f.Type = "string"
	}
	if f.Secret && c.has(pointer+"/default") {
		c.add(pointer+"/default", "a secret has no default", "", "remove it")
	}
	for i, v := range f.Enum {
		c.fieldValue(fmt.Sprintf("%s/enum/%d", pointer, i), f, v)
	}
	if c.has(pointer + "/default") {
		c.fieldValue(pointer+"/default", f, f.Default)
		if v := f.Default; len(f.Enum) > 0 && !f.allows(v) {
			c.add(pointer+"/default", show(v)+" is not one of the values of enum", list(enumWords(f.Enum)), "")
		}
	}
	if f.Pattern != "" {
		c.fieldPattern(pointer+"/pattern", f)
	}
	if f.Options != "" {
		c.refer(pointer+"/options", "options function", f.Options, c.options(), "/options")
	}
}

// fieldValue checks a value of the manifest against its field's type.
func (c *checker) fieldValue(pointer string, f Field, v any) {
	ok := false
	switch f.Type {
	case "string":
		_, ok = v.(string)
	case "boolean":
		_, ok = v.(bool)
	case "integer":
		if n, isNumber := v.(json.Number); isNumber {
			_, err := n.Int64()
			ok = err == nil
		}
	default:
		return // the type is wrong, and a problem already
	}
	if !ok {
		c.add(pointer, show(v)+" is "+typeOf(v), typeNames[f.Type]+", the field's type", quoteFix(v, typeNames[f.Type]))
		return
	}
	if s, isString := v.(string); isString && f.Pattern != "" {
		if re := wholePattern(f.Pattern); re != nil && !re.MatchString(s) {
			c.add(pointer, quote(s)+" does not match the field's pattern", "", "")
		}
	}
}

func (c *checker) fieldPattern(pointer string, f Field) {
	if f.Type != "string" {
		c.add(pointer, "a pattern is for text, and the field is "+typeNames[f.Type], "", "remove it")
		return
	}
	if _, problem := patternSize(f.Pattern); problem != "" {
		c.add(pointer, problem, "a regular expression in the syntax of RE2", "")
	}
}

// wholePattern returns the pattern for whole values, or nil when it is not a good one.
func wholePattern(pattern string) *regexp.Regexp {
	if _, problem := patternSize(pattern); problem != "" {
		return nil
	}
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return nil
	}
	return re
}

func (c *checker) options() []string {
	return namesOf(c.m.Options, func(f Function) string { return f.Name })
}

// template checks a template over fields; target is where missing ones would be declared.
func (c *checker) template(pointer, text string, fields []Field, target string, secrets bool) []part {
	if text == "" {
		return nil // missing or of the wrong shape, and a problem already
	}
	parts, err := parseTemplate(text)
	if err != nil {
		c.add(pointer, err.Error(), "", "{name} stands for a field")
		return nil
	}
	for _, p := range parts {
		if p.field == "" {
			continue
		}
		known := namesOf(fields, func(f Field) string { return f.Name })
		if !c.refer(pointer, "field", p.field, known, target) {
			continue
		}
		if f, _ := find(fields, func(f Field) bool { return f.Name == p.field }); f.Secret && !secrets {
			c.add(pointer, "the field "+quote(p.field)+" is secret, and this text is not", "", "use a field that may be seen, or a header")
		}
	}
	return parts
}

func fieldNames(parts []part) (names []string) {
	for _, p := range parts {
		if p.field != "" && !slices.Contains(names, p.field) {
			names = append(names, p.field)
		}
	}
	return names
}

// connectionTemplate checks a template over the fields of every connection.
func (c *checker) connectionTemplate(pointer, text string) []part {
	return c.template(pointer, text, c.m.Connection.Fields, "/connection/fields", false)
}

func join(parts []part, value func(field string) string) string {
	var b strings.Builder
	for _, p := range parts {
		if p.field != "" {
			b.WriteString(p.filter(value(p.field)))
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}
