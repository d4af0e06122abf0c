package vault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"filippo.io/age"
)

const (
	backupFormat = "patchbay backup 1"
	maxBackup    = 256 << 20
)

var (
	// ErrBackupKey says that a backup does not open with the passphrase or identities that were given.
	ErrBackupKey = errors.New("the passphrase, or the identity, is not the one that the backup was made for")
	// ErrBackupDamaged says that a file is no backup, or not as it was written.
	ErrBackupDamaged = errors.New("this is no backup, or it is damaged")
)

// BackupKey is what opens a backup, or makes one that somebody else can open.
type BackupKey struct {
	recipients []age.Recipient
	identities []age.Identity
}

// Passphrase makes backups that the same passphrase opens.
func Passphrase(p Secret) (BackupKey, error) {
	if p.Reveal() == "" {
		return BackupKey{}, errors.New("the passphrase is empty")
	}
	r, err := age.NewScryptRecipient(p.Reveal())
	if err != nil {
		return BackupKey{}, err
	}
	i, err := age.NewScryptIdentity(p.Reveal())
	return BackupKey{recipients: []age.Recipient{r}, identities: []age.Identity{i}}, err
}

// Recipient makes backups that the owner of an age recipient (age1…) opens.
func Recipient(text string) (BackupKey, error) {
	recipients, err := age.ParseRecipients(bytes.NewReader([]byte(text)))
	if err != nil {
		return BackupKey{}, fmt.Errorf("%q is no age recipient, which begins with age1", text)
	}
	return BackupKey{recipients: recipients}, nil
}

// Identity opens backups with the identities in an age key file (AGE-SECRET-KEY-…).
func Identity(file []byte) (BackupKey, error) {
	identities, err := age.ParseIdentities(bytes.NewReader(file))
	if err != nil {
		return BackupKey{}, errors.New("it is no age key file, whose lines begin with AGE-SECRET-KEY-") // age's own words quote it
	}
	return BackupKey{identities: identities}, nil
}

// Backup is what a backup holds; the package comment describes the file.
type Backup struct {
	CreatedAt   time.Time
	Connections map[string]Saved
}

// Saved is one connection in a backup.
type Saved struct {
	Secrets map[string]string
	Record  json.RawMessage // what the owner of the connection keeps of it, as JSON
}

// Write writes an age file that key opens. It holds the secrets in no other form.
func (b *Backup) Write(w io.Writer, key BackupKey) error {
	doc := backupDoc{Format: backupFormat, CreatedAt: b.CreatedAt, Connections: map[string]savedDoc{}}
	for name, c := range b.Connections {
		doc.Connections[name] = savedDoc{toBytes(c.Secrets), c.Record}
	}
	plain, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	sealed, err := age.Encrypt(w, key.recipients...)
	if err == nil {
		_, err = sealed.Write(plain)
	}
	if err == nil {
		err = sealed.Close()
	}
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

// ReadBackup reads and checks a whole backup. Its errors match [ErrBackupKey] or [ErrBackupDamaged].
func ReadBackup(r io.Reader, key BackupKey) (*Backup, error) {
	plain, err := age.Decrypt(r, key.identities...)
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return nil, ErrBackupKey
	}
	if err != nil {
		return nil, ErrBackupDamaged
	}
	data, err := io.ReadAll(io.LimitReader(plain, maxBackup+1))
	if err != nil || len(data) > maxBackup {
		return nil, ErrBackupDamaged
	}
	var doc backupDoc
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if dec.Decode(&doc) != nil || doc.Format != backupFormat || dec.More() { // the cause would quote what is sealed
		return nil, ErrBackupDamaged
	}
	b := &Backup{CreatedAt: doc.CreatedAt, Connections: map[string]Saved{}}
	for name, c := range doc.Connections {
		b.Connections[name] = Saved{toStrings(c.Secrets), c.Record}
	}
	return b, nil
}

// Backup reads the secrets of connections, each with the record that comes with it.
func (v *Vault) Backup(ctx context.Context, now time.Time, records map[string]json.RawMessage) (*Backup, error) {
	b := &Backup{CreatedAt: now.UTC(), Connections: map[string]Saved{}}
	for name, record := range records {
		secrets, err := v.Get(ctx, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("back up: %w", err)
		}
		b.Connections[name] = Saved{secrets, record}
	}
	return b, nil
}

// backupDoc is the JSON document in a backup.
type backupDoc struct {
	Format      string              `json:"format"`
	CreatedAt   time.Time           `json:"created_at"`
	Connections map[string]savedDoc `json:"connections"`
}

type savedDoc struct {
	Secrets map[string][]byte `json:"secrets"`
	Record  json.RawMessage   `json:"record"`
}
