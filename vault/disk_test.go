package vault_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"patchbay/state"
	"patchbay/vault"
)

// TestVault_stolenDisk looks at the disk after everything that a vault does: what was ever sealed is found nowhere
// in the state, in no form, nor is a master key that a rotation replaced anywhere at all.
func TestVault_stolenDisk(t *testing.T) {
	t.Parallel()
	root, err := os.MkdirTemp("", "vault") // short, for the socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	const control = `control/1f"\<ö>+ 7e`
	var secrets []string
	plant := func(v *vault.Vault, generation int) {
		for connection := range 5 {
			secret := fmt.Sprintf("canary/%d%d\"\\<ö>+ 9d%[1]d%[2]d", generation, connection)
			secrets = append(secrets, secret)
			err := v.Put(t.Context(), fmt.Sprint("connection-", connection), map[string]string{"token": secret})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	keyFile := filepath.Join(root, "master.key")
	oldKey := ""
	err = withVault(t.Context(), root, func(v *vault.Vault) error {
		plant(v, 0)
		data, err := os.ReadFile(keyFile)
		if err != nil {
			return err
		}
		oldKey = string(data[bytes.Index(data, []byte("AGE-SECRET-KEY")):])
		plant(v, 1) // in place of the first
		if _, err := v.Rotate(t.Context()); err != nil {
			return err
		}
		plant(v, 2)
		_, err = v.Rotate(t.Context())
		return errorsOf(err, v.Delete(t.Context(), "connection-4"), plainRecord(t, root, strings.Join(forms(control), "\n")))
	})
	if err != nil {
		t.Fatal(err)
	}
	disk := everything(t, filepath.Join(root, "state"))
	for _, form := range forms(control) {
		if !bytes.Contains(disk, []byte(form)) {
			t.Errorf("the control %q is not found: the search proves nothing", form)
		}
	}
	for _, secret := range secrets {
		for _, form := range forms(secret) {
			if bytes.Contains(disk, []byte(form)) {
				t.Errorf("%q is on the disk", form)
			}
		}
	}
	if len(secrets) != 15 || len(disk) < 10_000 {
		t.Errorf("%d secrets were looked for in %d bytes", len(secrets), len(disk))
	}
	oldKey = strings.TrimSpace(oldKey)
	if all := everything(t, root); !bytes.Contains(all, []byte("AGE-SECRET-KEY-PQ-1")) || bytes.Contains(all, []byte(oldKey)) {
		t.Error("the old master key is on the disk, or none is")
	}
	err = withVault(t.Context(), root, func(v *vault.Vault) error {
		got, err := v.Get(t.Context(), "connection-3")
		if got["token"] != secrets[13] {
			t.Errorf("Get = %q, want %q", got, secrets[13])
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// plainRecord stores text in the state as it is.
func plainRecord(t *testing.T, root, text string) error {
	s, err := state.Open(t.Context(), state.Config{Dir: filepath.Join(root, "state")})
	if err != nil {
		return err
	}
	defer s.Close()
	bucket, err := s.Bucket(t.Context(), "plain")
	if err != nil {
		return err
	}
	return bucket.Put(t.Context(), "control", []byte(text))
}

// forms are the ways in which text could lie somewhere.
func forms(text string) []string {
	asJSON, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	list := []string{
		text,
		hex.EncodeToString([]byte(text)), strings.ToUpper(hex.EncodeToString([]byte(text))),
		url.QueryEscape(text), url.PathEscape(text),
		strings.Trim(string(asJSON), `"`), strings.Trim(fmt.Sprintf("%+q", text), `"`),
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for shift := range 3 { // what stands before it decides which characters it becomes
			encoded := encoding.EncodeToString([]byte("xxx"[:shift] + text))
			list = append(list, encoded[4:len(encoded)-4]) // without the ends, which depend on the neighbours
		}
	}
	return list
}

// everything returns what all files below root hold, one after the other.
func everything(t *testing.T, root string) (all []byte) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		all = append(append(all, data...), 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
