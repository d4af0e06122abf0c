package sdk

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		got         Body
		contentType string
		bytes       string
	}{
		"json": {JSON(map[string]any{"b": 1, "a": nil}), "application/json", `{"a":null,"b":1}`},
		"form": {Form(url.Values{"b": {"1", "2"}, "a": {"x y&z"}}), "application/x-www-form-urlencoded", "a=x+y%26z&b=1&b=2"},
	} {
		if tt.got.ContentType != tt.contentType || string(tt.got.Bytes) != tt.bytes || tt.got.err != nil {
			t.Errorf("%s: %+v", name, tt.got)
		}
	}
}

func TestMultipart_Bytes(t *testing.T) {
	t.Parallel()
	got := Multipart(
		Part{Name: "note", Data: []byte("hello")},
		Part{Name: "fi\"le\r\n", Filename: `Zürich "1".pdf`, Data: []byte("%PDF")},
		Part{Name: "meta", ContentType: "application/json", Data: []byte("{}")})
	boundary := strings.TrimPrefix(got.ContentType, "multipart/form-data; boundary=")
	want := strings.ReplaceAll(strings.ReplaceAll(`--B
Content-Disposition: form-data; name="note"

hello
--B
Content-Disposition: form-data; name="fi%22le%0D%0A"; filename="Zürich %221%22.pdf"
Content-Type: application/octet-stream

%PDF
--B
Content-Disposition: form-data; name="meta"
Content-Type: application/json

{}
--B--
`, "\n", "\r\n"), "--B", "--"+boundary)
	if diff := cmp.Diff(want, string(got.Bytes)); diff != "" {
		t.Error(diff)
	}
	if len(boundary) > 70 {
		t.Errorf("a boundary of %d characters, RFC 2046 allows 70", len(boundary))
	}
	if empty := Multipart(); !bytes.HasSuffix(empty.Bytes, []byte("--\r\n")) {
		t.Errorf("no parts: %q", empty.Bytes)
	}
	if b := Multipart(Part{Name: "a", ContentType: "text/plain\r\nX: y"}); b.err == nil {
		t.Error("a content type with a line break was accepted")
	}
}

func TestMultipart_BoundaryInData(t *testing.T) {
	t.Parallel()
	parts := []Part{{Name: "a", Data: []byte("x")}}
	first := boundaryOf(parts)
	if boundaryOf(parts) != first {
		t.Error("the same parts have two boundaries")
	}
	if other := boundaryOf([]Part{{Name: "a", Data: []byte("y")}}); other == first {
		t.Error("other parts have the same boundary")
	}
	if !occurs(first, []Part{{Data: []byte("--" + first + "--")}}) {
		t.Error("a boundary in the data is not found")
	}
}

// What Multipart writes is what the standard library reads.
func TestMultipart_Property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var parts []Part
		for range rapid.IntRange(1, 4).Draw(t, "parts") {
			parts = append(parts, Part{
				Name:     rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "name"),
				Filename: rapid.StringMatching(`([a-z ]{1,8}\.txt)?`).Draw(t, "filename"),
				Data:     rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
			})
		}
		body := Multipart(parts...)
		_, params, err := mime.ParseMediaType(body.ContentType)
		if err != nil {
			t.Fatal(err)
		}
		r := multipart.NewReader(bytes.NewReader(body.Bytes), params["boundary"])
		for _, want := range parts {
			p, err := r.NextRawPart()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(p)
			if err != nil || p.FormName() != want.Name || p.FileName() != want.Filename || !bytes.Equal(data, want.Data) {
				t.Fatalf("part %q %q %q, %v, want %+v", p.FormName(), p.FileName(), data, err, want)
			}
		}
		if _, err := r.NextPart(); err != io.EOF {
			t.Fatalf("after the last part: %v", err)
		}
	})
}
