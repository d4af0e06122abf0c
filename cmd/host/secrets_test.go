package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecretIsNowhere plants a credential, uses it in every way that the commands have, against a vendor that
// echoes whatever it is sent, and then looks for it in every output, every file and the guest's own memory.
func TestSecretIsNowhere(t *testing.T) {
	var received int
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Authorization"), secretToken) {
			received++
		}
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		w.Header().Set("Location", "https://elsewhere.example/?token="+secretToken)
		w.WriteHeader(map[string]int{"/ok": 200, "/moved": 302, "/error": 500}[r.URL.Path])
		for name, v := range r.Header {
			w.Write([]byte(name + ": " + strings.Join(v, ",") + "\n"))
		}
		w.Write([]byte(base64.StdEncoding.EncodeToString([]byte("token is " + secretToken + " indeed"))))
	}))
	defer vendor.Close()
	s := &station{home: t.TempDir()}
	dir := spyConnector(t, s)
	if err := publishAsIs(dir, s.home); err != nil {
		t.Fatal(err)
	}
	s.must(t, "", "host", "install", "spy", "--yes")
	if _, _, code := s.run(t, "", "host", "connect", "spy", "--field", "token="+secretToken, "--no-test"); code != 2 {
		t.Errorf("a secret given with --field ends with exit code %d, want 2", code)
	}
	s.must(t, secretToken, "host", "connect", "spy", "--secret", "token=-", "--url", "api="+vendor.URL, "--allow-private", "--no-test")
	for _, path := range []string{"/ok", "/moved", "/error"} {
		for _, flags := range [][]string{nil, {"--json"}, {"--verbose"}} {
			// The needle goes in with every byte changed, so that asking for it does not put it there.
			input := `{"path": "` + path + `", "needle": "` + hex.EncodeToString(masked(secretToken)) + `"}`
			out := s.must(t, "", "host", append([]string{"run", "spy.search", "--input", input}, flags...)...)
			if !strings.Contains(out, `"found": 0`) {
				t.Errorf("%s: the guest found the credential in its memory: %s", path, out)
			}
		}
	}
	// The search itself works: what the guest does have is found.
	control := `{"path": "/ok", "needle": "` + hex.EncodeToString(masked("a-word-in-the-guest")) + `"}`
	if out := s.must(t, "", "host", "run", "spy.search", "--input", control); strings.Contains(out, `"found": 0`) {
		t.Errorf("the guest's search finds nothing at all: %s", out)
	}
	s.must(t, "", "host", "connections")
	s.must(t, "", "host", "connections", "--json")
	s.must(t, "", "host", "info", "spy", "--json")
	s.run(t, "", "host", "run", "spy.leak", "--verbose", "--input", `{"panic": true}`) // panics with all that it knows
	if received == 0 {
		t.Fatal("the vendor never got the credential")
	}
	searchFiles(t, s.home)
	searchFiles(t, dir)
}

// masked is a secret in a form in which it cannot be found.
func masked(s string) []byte {
	b := []byte(s)
	for i := range b {
		b[i] ^= 0x5a
	}
	return b
}

func searchFiles(t *testing.T, dir string) {
	t.Helper()
	needles := [][]byte{[]byte(secretToken), []byte(hex.EncodeToString([]byte(secretToken))),
		[]byte(base64.StdEncoding.EncodeToString([]byte(secretToken)))[:20]}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, n := range needles {
			if bytes.Contains(data, n) {
				t.Errorf("%s holds the credential", path)
			}
		}
		return nil
	})
	if err != nil || files < 5 {
		t.Fatalf("searched %d files in %s: %v", files, dir, err)
	}
}

// spyConnector makes a connector that searches its own memory.
func spyConnector(t *testing.T, s *station) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "spy")
	s.must(t, "", "pack", "new", "spy", "--dir", dir)
	for name, text := range map[string]string{
		"connector.yaml": spyManifest, "actions.go": spyActions, "main.go": spyMain,
		"testdata/cases/greet.txtar": searchCase, "testdata/cases/leak.txtar": leakCase, "testdata/cases/test.txtar": testCase} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "actions_test.go")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("# Spy\n\n`search` and `leak` look for secrets.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

const spyManifest = `
schema: patchbay/v1
publisher: local
name: spy
version: 0.1.0
title: Spy
description: Looks for secrets where there must be none.
categories: [developer-tools]
license: MIT
guest: {package: .}
` + authMethods + `connection: {test: test}
http: [{id: api, url: "https://spy.example", methods: [GET]}]
actions:
  - name: search
    title: Search
    description: Makes a request and searches the guest's memory.
    read_only: true
    input: {type: object, properties: {path: {type: string}, needle: {type: string}}}
    output: {type: object, properties: {found: {type: integer}, seen: {type: string}}}
  - name: leak
    title: Leak
    description: Panics with all that it knows.
    read_only: true
    input: {type: object, properties: {panic: {type: boolean}}}
    output: {type: object, properties: {leaked: {type: boolean}}}
`

const spyMain = `package main

import "patchbay/sdk"

func init() { sdk.Serve(connector()) }

func main() {}

func connector() *sdk.Connector {
	c := sdk.New()
	sdk.Action(c, "search", search)
	sdk.Action(c, "leak", leak)
	sdk.Test(c, "test", func(c *sdk.Call) (string, error) { return "fine", nil })
	return c
}
`

const spyActions = `package main

import (
	"encoding/hex"
	"fmt"
	"unsafe"

	"patchbay/sdk"
)

type searchInput struct {
	Path   string ` + "`json:\"path\"`" + `
	Needle string ` + "`json:\"needle\"`" + `
}

type searchOutput struct {
	Found int    ` + "`json:\"found\"`" + `
	Seen  string ` + "`json:\"seen\"`" + `
}

var control = "a-word-in-the-guest"

func search(c *sdk.Call, in searchInput) (searchOutput, error) {
	r, err := c.HTTP("api").Get(in.Path, nil)
	if err != nil {
		return searchOutput{}, err
	}
	c.Log.Info("answered", "headers", fmt.Sprint(r.Header), "body", string(r.Body))
	masked, err := hex.DecodeString(in.Needle)
	if err != nil {
		return searchOutput{}, err
	}
	c.Log.Debug(control)
	return searchOutput{Seen: string(r.Body) + fmt.Sprint(r.Header), Found: count(masked)}, nil
}

// count looks at every byte of the linear memory but the first page, which Go takes for nil.
func count(masked []byte) int {
	sink = new([4 << 20]byte) // so large that it can only lie at the end
	end := int(uintptr(unsafe.Pointer(sink))) + len(sink)
	found := 0
	for at := 4096; at+len(masked) <= end; at++ {
		i := 0
		for i < len(masked) && *(*byte)(unsafe.Add(unsafe.Pointer(nil), at+i))^0x5a == masked[i] {
			i++
		}
		if i == len(masked) {
			found++
		}
	}
	return found
}

var sink *[4 << 20]byte

func leak(c *sdk.Call, in struct {
	Panic bool ` + "`json:\"panic\"`" + `
}) (map[string]bool, error) {
	if !in.Panic {
		return map[string]bool{"leaked": false}, nil
	}
	r, err := c.HTTP("api").Get("/ok", nil)
	panic(fmt.Sprint(r, err))
}
`

const searchCase = `Searches after a request.
-- call.json --
{"operation": "search", "input": {"path": "/ok", "needle": "00112233445566778899aabbccddeeff"}}
-- http/1.request --
GET https://spy.example/ok
-- http/1.response --
200

seen
-- output.json --
{"found": 0, "seen": "seenmap[]"}
`

const leakCase = `Does nothing unless it is told to.
-- call.json --
{"operation": "leak"}
-- output.json --
{"leaked": false}
`

const testCase = `Needs nobody.
-- call.json --
{"operation": "test", "kind": "test"}
-- output.json --
"fine"
`
