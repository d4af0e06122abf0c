package bundle

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// line is the public key of RFC 8032, section 7.1, test 1.
const line = "patchbay-ed25519 acme 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	k, err := ParsePublicKey(line + "\n")
	if err != nil || k.String() != line || k.Publisher() != "acme" {
		t.Fatalf("ParsePublicKey = %q, %v", k, err)
	}
	if got, want := k.Fingerprint(), "SHA256:If4x36FUomFia/hUBG/SJxt77UtqvkWqWId+9H+XIbk"; got != want {
		t.Errorf("Fingerprint() = %s, want %s", got, want)
	}
	for _, s := range []string{
		"", "\n", line + "\n\n", line + "\r\n", line + " comment", " " + line, line[1:], line[:len(line)-1], line + "=",
		strings.Replace(line, "acme", "Acme", 1), strings.Replace(line, "acme", "../acme", 1), strings.Replace(line, "ed25519", "rsa", 1),
		strings.Replace(line, "URo=", "URp=", 1), // not canonical base64
		strings.Replace(line, "11qY", "11qY\r", 1),
		"patchbay-ed25519 acme AAAA", "patchbay-ed25519 acme " + base64.StdEncoding.EncodeToString(make([]byte, 33)),
	} {
		if _, err := ParsePublicKey(s); err == nil {
			t.Errorf("ParsePublicKey(%q) wants an error", s)
		}
	}
}

func TestPublicKey_JSON(t *testing.T) {
	t.Parallel()
	want := testKey(t, "acme").Public()
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got PublicKey
	if err := json.Unmarshal(data, &got); err != nil || got != want {
		t.Errorf("%s became %v, %v", data, got, err)
	}
}

func TestGenerateKey_BadPublisher(t *testing.T) {
	t.Parallel()
	if _, err := GenerateKey("../acme"); err == nil {
		t.Error("want an error")
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	k := testKey(t, "acme")
	path := filepath.Join(t.TempDir(), "keys", "acme.key") // in a folder that is not there yet
	if _, err := ReadKey(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := k.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	got, err := ReadKey(path)
	if err != nil || !got.private.Equal(k.private) || got.public != k.public {
		t.Fatalf("ReadKey: %v", err)
	}
	if err := testKey(t, "acme").WriteFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a key was overwritten: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
		t.Errorf("a key that others may read: %v", err)
	}
}

func TestReadKey_Refuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "good")
	if err := testKey(t, "acme").WriteFile(path); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	public, private, _ := strings.Cut(string(good), "\n")
	block, _ := pem.Decode([]byte(private))
	secret := base64.StdEncoding.EncodeToString(block.Bytes)
	withHeader := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Headers: map[string]string{"a": "b"}, Bytes: block.Bytes})
	for name, text := range map[string]string{
		"empty":          "",
		"public only":    public + "\n",
		"private only":   private,
		"other's public": line + "\n" + private,
		"more":           string(good) + "x",
		"type":           strings.ReplaceAll(string(good), "PRIVATE KEY", "EC PRIVATE KEY"),
		"header":         public + "\n" + string(withHeader),
		"other kind":     public + "\n" + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: ecdsaKey(t)})),
		"no PKCS 8":      public + "\n" + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})),
		"long":           string(good) + strings.Repeat("\n", 4<<10),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadKey(path)
		if err == nil {
			t.Errorf("%s: want an error", name)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error holds the key", name)
		}
	}
}

func ecdsaKey(t *testing.T) []byte {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// However a key is printed, it does not show.
func TestKey_NeverPrints(t *testing.T) {
	t.Parallel()
	k := testKey(t, "acme")
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("key", "pointer", k, "value", *k)
	}
	text := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		text += fmt.Sprintf(verb+verb, k, *k)
	}
	//lint:ignore SA9005 that nothing of a key is marshalled is what is tested
	encoded, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	text += string(encoded)
	seed := k.private.Seed()
	for _, secret := range []string{
		string(seed), fmt.Sprintf("%x", seed), fmt.Sprint(seed), strings.Trim(fmt.Sprint(seed[:8]), "[]"),
		strings.Trim(fmt.Sprintf("%#v", seed[:4]), "[]byte{}"), base64.StdEncoding.EncodeToString(seed)[:16],
	} {
		if strings.Contains(text, secret) {
			t.Errorf("the output holds %q: %s", secret, text)
		}
	}
	if !strings.Contains(text, k.Public().Fingerprint()) {
		t.Error("the output lacks the fingerprint")
	}
}

func FuzzParsePublicKey(f *testing.F) {
	f.Add(line)
	f.Add(line + "\n")
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := ParsePublicKey(s); err == nil && k.String() != strings.TrimSuffix(s, "\n") {
			t.Errorf("%q was read as %q", s, k)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	path := filepath.Join(f.TempDir(), "key")
	if err := testKey(f, "acme").WriteFile(path); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		if k, err := parseKey(data); err == nil && newPublicKey(k.public.publisher, k.private[32:]) != k.public {
			t.Error("a public key was accepted that is not the private key's")
		}
	})
}
