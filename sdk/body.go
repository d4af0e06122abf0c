package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/url"
	"strings"
)

// Body is what a request sends. The zero value is no body. Make one with [JSON], [Form] or [Multipart], or
// set both fields for any other type.
type Body struct {
	ContentType string // the Content-Type header, unless the request sets its own
	Bytes       []byte

	err error // why it could not be made; told by Client.Do
}

// JSON is a body of v as JSON. A value that has no JSON is told by the request.
func JSON(v any) Body {
	data, err := json.Marshal(v)
	if err != nil {
		return Body{err: Faultf(Internal, "encode the request body: %v", err)}
	}
	return Body{ContentType: "application/json", Bytes: data}
}

// Form is a body of values as an HTML form sends them, sorted by key.
func Form(values url.Values) Body {
	return Body{ContentType: "application/x-www-form-urlencoded", Bytes: []byte(values.Encode())}
}

// Part is one part of a [Multipart] body.
type Part struct {
	Name        string // of the form field
	Filename    string // empty for a plain field
	ContentType string // empty: application/octet-stream for a file, none for a plain field
	Data        []byte
}

// Multipart is a multipart/form-data body (RFC 7578). The same parts give the same bytes: the boundary
// comes from a hash of them, and never occurs in one.
func Multipart(parts ...Part) Body {
	boundary := boundaryOf(parts)
	var b bytes.Buffer
	for _, p := range parts {
		if strings.ContainsAny(p.ContentType, "\r\n") {
			return Body{err: Faultf(InvalidInput, "part %q: the content type has a line break", p.Name)}
		}
		b.WriteString("--" + boundary + "\r\n")
		p.writeHeader(&b)
		b.Write(p.Data)
		b.WriteString("\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return Body{ContentType: "multipart/form-data; boundary=" + boundary, Bytes: b.Bytes()}
}

func (p *Part) writeHeader(b *bytes.Buffer) {
	fmt.Fprintf(b, `Content-Disposition: form-data; name="%s"`, quotePart(p.Name))
	contentType := p.ContentType
	if p.Filename != "" {
		fmt.Fprintf(b, `; filename="%s"`, quotePart(p.Filename))
		if contentType == "" {
			contentType = "application/octet-stream"
		}
	}
	if contentType != "" {
		b.WriteString("\r\nContent-Type: " + contentType)
	}
	b.WriteString("\r\n\r\n")
}

// quotePart escapes a name as browsers do (WHATWG HTML, multipart/form-data encoding), not with backslashes.
func quotePart(s string) string {
	return strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22").Replace(s)
}

// boundaryOf hashes the parts until the result occurs in none of them; a second round is a freak of chance
// or the work of somebody who wrote a file around the hash.
func boundaryOf(parts []Part) string {
	h := fnv.New128a()
	for _, p := range parts {
		fmt.Fprintf(h, "%q %q %q %d\n", p.Name, p.Filename, p.ContentType, len(p.Data))
		h.Write(p.Data)
	}
	for {
		boundary := fmt.Sprintf("patchbay-%x", h.Sum(nil))
		if !occurs(boundary, parts) {
			return boundary
		}
		h.Write([]byte(boundary))
	}
}

func occurs(boundary string, parts []Part) bool {
	for _, p := range parts {
		if bytes.Contains(p.Data, []byte(boundary)) {
			return true
		}
	}
	return false
}
