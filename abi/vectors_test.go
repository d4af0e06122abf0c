package abi

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// vectorFile is a file of testdata/vectors; its README.md explains the fields.
type vectorFile struct {
	Document string
	About    string
	Vectors  []vector
}

type vector struct {
	Name       string
	Data       *string
	Base64     string
	Valid      *bool
	Reason     string
	Body       *string
	BodyBase64 string
	Code       Code
}

func (v *vector) bytes(t *testing.T) []byte {
	t.Helper()
	if v.Data != nil {
		return []byte(*v.Data)
	}
	data, err := base64.StdEncoding.DecodeString(v.Base64)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// reading is what a vector may ask to compare.
type reading struct {
	body  []byte
	fault *Fault
}

var readers = map[string]func([]byte) (reading, error){
	"json":     func(b []byte) (reading, error) { return reading{}, CheckJSON(b) },
	"envelope": func(b []byte) (reading, error) { _, err := DecodeEnvelope(b); return reading{}, err },
	"result":   func(b []byte) (reading, error) { r, err := DecodeResult(b); return reading{fault: r.Fault}, err },
	"request":  func(b []byte) (reading, error) { r, err := DecodeRequest(b); return reading{body: r.Body}, err },
	"response": func(b []byte) (reading, error) {
		r, err := DecodeResponse(b)
		return reading{body: r.Body, fault: cmp.Or(r.Fault, r.Failure)}, err
	},
	"log": func(b []byte) (reading, error) { _, err := DecodeLogRecord(b); return reading{}, err },
}

func loadVectors(t testing.TB) map[string]vectorFile {
	t.Helper()
	paths, err := filepath.Glob("testdata/vectors/*.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) != len(readers) {
		t.Fatalf("%d vector files, want one for each of %d kinds of document", len(paths), len(readers))
	}
	files := map[string]vectorFile{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var f vectorFile
		if err := json.Unmarshal(data, &f); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if len(f.Vectors) == 0 || f.About == "" || filepath.Base(path) != f.Document+".json" {
			t.Fatalf("%s: no vectors, no about, or the name of another document", path)
		}
		files[f.Document] = f
	}
	return files
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for document, f := range loadVectors(t) {
		read := readers[document]
		if read == nil {
			t.Fatalf("no reader for the document %q", document)
		}
		seen := map[string]bool{}
		for _, v := range f.Vectors {
			t.Run(document+"/"+v.Name, func(t *testing.T) {
				if seen[v.Name] || v.Valid == nil || (v.Reason == "") != *v.Valid {
					t.Fatal("the vector's name is taken, or it lacks a verdict or a reason")
				}
				seen[v.Name] = true
				got, err := read(v.bytes(t))
				if (err == nil) != *v.Valid {
					t.Fatalf("error %v, want valid=%v (%s)", err, *v.Valid, v.Reason)
				}
				v.compare(t, got)
			})
		}
	}
}

func (v *vector) compare(t *testing.T, got reading) {
	t.Helper()
	want := v.BodyBase64
	if v.Body != nil {
		want = base64.StdEncoding.EncodeToString([]byte(*v.Body))
	}
	if s := base64.StdEncoding.EncodeToString(got.body); *v.Valid && s != want {
		t.Errorf("body %s, want %s (base64)", s, want)
	}
	switch {
	case v.Code != "" && got.fault == nil:
		t.Errorf("no fault, want %s", v.Code)
	case got.fault != nil && got.fault.Code != v.Code:
		t.Errorf("fault code %s, want %q", got.fault.Code, v.Code)
	}
}
