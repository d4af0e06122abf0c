package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
)

const testdataBackup = "testdata/v1.backup" // opens with testdata/v1.key

var goldenBackup = &Backup{
	CreatedAt: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
	Connections: map[string]Saved{
		"acme":  {Secrets: map[string]string{"password": canary, "bytes": "\x00\xff"}, Record: json.RawMessage(`{"name":"acme"}`)},
		"empty": {Secrets: map[string]string{}, Record: json.RawMessage(`{"name":"empty"}`)},
	},
}

// goldenKey is the key of the golden files, as a key for backups.
func goldenKey(t testing.TB) BackupKey {
	t.Helper()
	data, err := os.ReadFile("testdata/v1.key")
	if err != nil {
		t.Fatal(err)
	}
	key, err := Identity(data)
	if err != nil {
		t.Fatal(err)
	}
	key.recipients = []age.Recipient{key.identities[0].(*age.HybridIdentity).Recipient()}
	return key
}

// A backup of an earlier version of this package opens for ever.
func TestBackup_golden(t *testing.T) {
	t.Parallel()
	key := goldenKey(t)
	if *update {
		var file bytes.Buffer
		if err := errors.Join(goldenBackup.Write(&file, key), os.WriteFile(testdataBackup, file.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(testdataBackup)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadBackup(bytes.NewReader(file), key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(goldenBackup, got); diff != "" {
		t.Errorf("golden backup (-want +got):\n%s", diff)
	}
	for i := range file {
		changed := bytes.Clone(file)
		changed[i] ^= 1 << (i % 8)
		if b, err := ReadBackup(bytes.NewReader(changed), key); b != nil || !errors.Is(err, ErrBackupDamaged) && !errors.Is(err, ErrBackupKey) {
			t.Errorf("byte %d changed: %v, %v", i, b, err)
		}
		if b, err := ReadBackup(bytes.NewReader(file[:i]), key); b != nil || !errors.Is(err, ErrBackupDamaged) {
			t.Errorf("cut at %d: %v, %v", i, b, err)
		}
	}
	if b, err := ReadBackup(bytes.NewReader(append(bytes.Clone(file), 0)), key); b != nil || !errors.Is(err, ErrBackupDamaged) {
		t.Errorf("one byte more: %v, %v", b, err)
	}
}

func TestBackup_keys(t *testing.T) {
	t.Parallel()
	passphrase := errorless(Passphrase(NewSecret("correct horse")))(t)
	other := errorless(Passphrase(NewSecret("battery staple")))(t)
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	recipient := errorless(Recipient(classic.Recipient().String()))(t)
	identity := errorless(Identity([]byte(classic.String())))(t)
	for name, test := range map[string]struct {
		write, read BackupKey
		want        error
	}{
		"passphrase":       {passphrase, passphrase, nil},
		"other passphrase": {passphrase, other, ErrBackupKey},
		"recipient":        {recipient, identity, nil},
		"other recipient":  {recipient, goldenKey(t), ErrBackupKey},
		"not passphrase":   {recipient, passphrase, ErrBackupKey},
		"not identity":     {passphrase, identity, ErrBackupKey},
	} {
		var file bytes.Buffer
		if err := goldenBackup.Write(&file, test.write); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(file.Bytes(), []byte(canary)) || bytes.Contains(file.Bytes(), []byte("acme")) {
			t.Errorf("%s: the file says what is in it", name)
		}
		got, err := ReadBackup(&file, test.read)
		if !errors.Is(err, test.want) || (got == nil) != (test.want != nil) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, test.want)
		}
	}
	for name, err := range map[string]error{
		"empty passphrase": errorOf(Passphrase(Secret{})),
		"no recipient":     errorOf(Recipient("ssh-ed25519 AAAA")),
		"no identity":      errorOf(Identity([]byte(canary))),
		"empty identity":   errorOf(Identity(nil)),
		"writes for none":  (&Backup{}).Write(&bytes.Buffer{}, identity),
	} {
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// errorless returns a value, or fails the test.
func errorless[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// What opens and is no backup is refused too: by its format, by keys that nobody knows, by what comes after it.
func TestReadBackup_content(t *testing.T) {
	t.Parallel()
	key := goldenKey(t)
	for content, good := range map[string]bool{
		`{"format":"patchbay backup 1","connections":{"a":{"secrets":{"t":"eA=="},"record":{}}}}`: true,
		`{"format":"patchbay backup 2","connections":{}}`:                                         false,
		`{"format":"patchbay backup 1","connections":{},"more":1}`:                                false,
		`{"format":"patchbay backup 1","connections":{"a":{"secrets":{"t":"` + canary + `!"}}}}`:  false,
		`{"format":"patchbay backup 1","connections":{}} {}`:                                      false,
		`null`: false,
		``:     false,
	} {
		var file bytes.Buffer
		w, err := age.Encrypt(&file, key.recipients...)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadBackup(&file, key)
		if good != (err == nil) || good != (got != nil) || !good && !errors.Is(err, ErrBackupDamaged) {
			t.Errorf("%s: %v, %v", content, got, err)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("the error quotes the content: %v", err)
		}
	}
}

func TestVault_Backup(t *testing.T) {
	t.Parallel()
	store := &memory{}
	v := openConfig(t, Config{Store: store, IsConflict: isStale, KeyFile: filepath.Join(t.TempDir(), "key")})
	if err := v.Put(t.Context(), "acme", map[string]string{"token": canary}); err != nil {
		t.Fatal(err)
	}
	records := map[string]json.RawMessage{"acme": json.RawMessage(`1`), "bare": json.RawMessage(`2`)}
	got, err := v.Backup(t.Context(), goldenBackup.CreatedAt, records)
	want := &Backup{CreatedAt: goldenBackup.CreatedAt, Connections: map[string]Saved{
		"acme": {Secrets: map[string]string{"token": canary}, Record: records["acme"]},
		"bare": {Record: records["bare"]},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Backup: %v (-want +got):\n%s", err, diff)
	}
	store.err = errors.New("the disk is gone")
	if _, err := v.Backup(t.Context(), time.Time{}, records); !errors.Is(err, store.err) {
		t.Errorf("Backup = %v, want the store's error", err)
	}
}

func FuzzReadBackup(f *testing.F) {
	key := goldenKey(f)
	file, err := os.ReadFile(testdataBackup)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Add([]byte("age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 30\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ReadBackup(bytes.NewReader(data), key)
		if bytes.Equal(data, file) {
			if err != nil {
				t.Errorf("the golden backup: %v", err)
			}
		} else if b != nil || !errors.Is(err, ErrBackupDamaged) && !errors.Is(err, ErrBackupKey) {
			t.Errorf("ReadBackup = %v, %v", b, err)
		}
	})
}
