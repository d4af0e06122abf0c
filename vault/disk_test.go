package vault_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"patchbay/state"
	"patchbay/vault"
)

// The vault on the real state: what was sealed is found nowhere on the disk, in no form, and comes back.
func TestVault_onDisk(t *testing.T) {
	t.Parallel()
	root, err := os.MkdirTemp("", "vault") // short, for the socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	const secret, plain = "canary/7b1e5f0c9d+", "not a secret at all"
	run := func(use func(*state.Bucket, *vault.Vault)) {
		t.Helper()
		s, err := state.Open(t.Context(), state.Config{Dir: filepath.Join(root, "state")})
		if err != nil {
			t.Fatal(err)
		}
		bucket, err := s.Bucket(t.Context(), "vault")
		if err != nil {
			t.Fatal(err)
		}
		v, err := vault.Open(t.Context(), vault.Config{Store: bucket, IsConflict: isConflict, KeyFile: filepath.Join(root, "vault.key")})
		if err != nil {
			t.Fatal(err)
		}
		use(bucket, v)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	run(func(b *state.Bucket, v *vault.Vault) {
		if err := v.Put(t.Context(), "acme", map[string]string{"token": secret}); err != nil {
			t.Fatal(err)
		}
		if err := b.Put(t.Context(), "plain", []byte(plain)); err != nil {
			t.Fatal(err)
		}
	})
	if !onDisk(t, root, plain) {
		t.Error("a plain value is not found: the search proves nothing")
	}
	for _, form := range []string{
		secret,
		url.QueryEscape(secret),
		hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret))[:20], // without the end, which depends on what follows
		base64.StdEncoding.EncodeToString([]byte("x" + secret))[4:20],
		base64.StdEncoding.EncodeToString([]byte("xx" + secret))[4:20],
	} {
		if onDisk(t, root, form) {
			t.Errorf("%q is on the disk", form)
		}
	}
	run(func(_ *state.Bucket, v *vault.Vault) {
		got, err := v.Get(t.Context(), "acme")
		if err != nil || got["token"] != secret {
			t.Errorf("Get = %q, %v", got, err)
		}
		if err := v.Delete(t.Context(), "acme"); err != nil {
			t.Error(err)
		}
	})
}

// onDisk says whether any file below root holds text.
func onDisk(t *testing.T, root, text string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		found = found || bytes.Contains(data, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
