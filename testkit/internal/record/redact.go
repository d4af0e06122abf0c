package record

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"patchbay/abi"
	"patchbay/testkit/internal/cases"
)

// redactor takes secrets out by the names that they stand under, and remembers them.
type redactor struct {
	learned []string // values that were found
}

// shortest is how long a value must be that is looked for wherever else it stands.
const shortest = 8

func (r *redactor) learn(value string) {
	if decoded, err := url.QueryUnescape(value); err == nil {
		value = decoded
	}
	if telling(value) && value != redacted && !slices.Contains(r.learned, value) {
		r.learned = append(r.learned, value)
	}
}

// telling reports whether a value is looked for elsewhere. A word is not: it may stand anywhere, and mean something else.
func telling(value string) bool {
	return len(value) >= 2*shortest || len(value) >= shortest && strings.ContainsAny(value, "0123456789")
}

// body redacts a body: as JSON if it is, else as text.
func (r *redactor) body(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	if abi.CheckJSON(bytes.TrimSpace(b)) != nil {
		return []byte(r.text(string(b)))
	}
	return cases.Pretty(eachString(b, r.leaf))
}

// leaf redacts a string or a number that stands under the names.
func (r *redactor) leaf(names []string, value string) string {
	for i, name := range names {
		// A session has a title, too: only what stands right under that name is its secret.
		if isSecret(name) && (i == len(names)-1 || plain(name) != "session") {
			r.learn(value)
			return redacted
		}
	}
	return r.text(value)
}

// eachString rewrites the strings of a JSON document. f is told under which names each stands, from the outside in; a
// name itself stands under none. A number that f changes becomes 0.
func eachString(doc []byte, f func(names []string, value string) string) []byte {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var b bytes.Buffer
	rewrite(dec, &b, nil, f)
	return b.Bytes()
}

// rewrite copies the next value. The document has been checked, so that nothing in it can be an error.
func rewrite(dec *json.Decoder, b *bytes.Buffer, names []string, f func([]string, string) string) {
	token, _ := dec.Token()
	switch v := token.(type) {
	case json.Delim:
		b.WriteString(v.String())
		for first := true; dec.More(); first = false {
			if !first {
				b.WriteByte(',')
			}
			inner := names
			if v == '{' {
				name, _ := dec.Token()
				text, _ := name.(string)
				b.Write(quote(f(nil, text)))
				b.WriteByte(':')
				inner = append(slices.Clone(names), text)
			}
			rewrite(dec, b, inner, f)
		}
		end, _ := dec.Token()
		closing, _ := end.(json.Delim)
		b.WriteString(closing.String())
	case string:
		b.Write(quote(f(names, v)))
	case json.Number:
		if f(names, v.String()) != v.String() {
			v = "0"
		}
		b.WriteString(v.String())
	default:
		text, _ := json.Marshal(v) // true, false or null
		b.Write(text)
	}
}

func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string can be written
	return bytes.TrimSpace(b.Bytes())
}

var (
	pair     = regexp.MustCompile(`(?i)([\w.%\[\]-]+?)(=|%(?:25)*3D)([^&\s"'<>;,#]+)`)
	member   = regexp.MustCompile(`"([^"\\\n]{1,64})"(\s*:\s*)"((?:[^"\\]|\\.)*)"`)
	element  = regexp.MustCompile(`<([\w:.-]+)([^<>]*)>([^<]+)</`)
	line     = regexp.MustCompile(`(?i)\b([\w-]*(?:authorization|cookie|api[-_]?key|password|token|secret))(\s*:\s*)([^\s"'<,;][^\r\n"'<]*)`)
	scheme   = regexp.MustCompile(`(?i)\b(bearer|basic|token)(\s+)([\w.~+/=-]{8,})`)
	jwt      = regexp.MustCompile(`\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`)
	pem      = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----`)
	gone     = regexp.MustCompile(`^(?:\w+ )?\[redacted\]$`)
	question = regexp.MustCompile(`(?i)[?&]|%(?:25)*(?:3F|26)`)
)

// text redacts within free text: URLs, forms, XML, headers that are repeated, and what looks like a credential.
func (r *redactor) text(s string) string {
	s = r.replace(pem, s, func([]string) bool { return true })
	s = r.replace(jwt, s, func([]string) bool { return true })
	s = r.replace(scheme, s, func(m []string) bool { return credential(m[1], m[3]) })
	s = r.replace(member, s, func(m []string) bool { return isSecret(m[1]) })
	s = r.replace(element, s, func(m []string) bool { return isSecret(m[1][strings.LastIndexByte(m[1], ':')+1:]) })
	s = r.replace(line, s, func(m []string) bool { return isSecret(m[1]) })
	return r.pairs(s, mostNested)
}

// replace redacts the third part of a match, or all of one without parts, where it is a secret.
func (r *redactor) replace(re *regexp.Regexp, s string, secret func(match []string) bool) string {
	return re.ReplaceAllStringFunc(s, func(found string) string {
		m := re.FindStringSubmatch(found)
		if !secret(m) {
			return found
		}
		value := m[len(m)-1]
		if gone.MatchString(value) {
			return found
		}
		r.learn(value)
		at := strings.LastIndex(found, value)
		return found[:at] + redacted + found[at+len(value):]
	})
}

// mostNested is how many values are looked into that stand in each other.
const mostNested = 5

// pairs redacts name=value, also where it stands percent-encoded within another value.
func (r *redactor) pairs(s string, nested int) string {
	if nested == 0 {
		return s
	}
	return pair.ReplaceAllStringFunc(s, func(found string) string {
		m := pair.FindStringSubmatch(found)
		name, equals, value := m[1], m[2], m[3]
		rest := ""
		if equals != "=" {
			if end := question.FindStringIndex(value); end != nil {
				value, rest = value[:end[0]], value[end[0]:]
			}
		}
		last := question.Split(name, -1)
		if !isSecret(last[len(last)-1]) {
			return name + equals + r.pairs(value, nested-1) + r.pairs(rest, nested-1)
		}
		if decoded, err := url.QueryUnescape(value); err == nil && decoded == redacted {
			return name + equals + value + r.pairs(rest, nested-1)
		}
		r.learn(value)
		return name + equals + escaped + r.pairs(rest, nested-1) // as a guest encodes it when it is replayed
	})
}

// credential tells one from the words of a sentence: "Basic authentication".
func credential(scheme, value string) bool {
	if strings.EqualFold(scheme, "basic") {
		text, err := base64.StdEncoding.DecodeString(value)
		return err == nil && bytes.Contains(text, []byte(":"))
	}
	return strings.ContainsAny(value, "0123456789")
}
