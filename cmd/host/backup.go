package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"patchbay/audit"
	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/vault"
)

type backupOptions struct{ passphrase, recipient, identity string }

func newVaultBackup(s *cli.Streams) *cobra.Command {
	var o backupOptions
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write all connections and their secrets to a file",
		Long: `Backup writes all connections with their secrets to a new file, encrypted (age-encryption.org/v1) with a passphrase or
to a recipient. It opens without the master key. Connectors are not in it: install them again.`,
		Example: `  $ host vault backup connections.age
  $ host vault backup connections.age --passphrase @passphrase.txt
  $ host vault backup connections.age --recipient age1…`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), nil, func(a *app) error { return runBackup(c.Context(), s, a, args[0], o) })
		},
	}
	c.Flags().StringVar(&o.passphrase, "passphrase", "", "passphrase as @FILE, or - for standard input (default: asked)")
	c.Flags().StringVar(&o.recipient, "recipient", "", "age recipient to encrypt to, instead of a passphrase")
	c.MarkFlagsMutuallyExclusive("passphrase", "recipient")
	return c
}

func runBackup(ctx context.Context, s *cli.Streams, a *app, path string, o backupOptions) error {
	if _, err := os.Lstat(path); err == nil { // before anything is asked
		return cli.Hint(fmt.Errorf("back up to %s: %w", path, fs.ErrExist), "backups are not written over: give another name")
	}
	key, err := o.writeKey(s)
	if err != nil {
		return err
	}
	list, err := a.host.Connections(ctx, "")
	if err != nil {
		return err
	}
	records := map[string]json.RawMessage{}
	for _, c := range list {
		if records[c.Name], err = json.Marshal(c); err != nil {
			return err
		}
	}
	backup, err := a.vault.Backup(ctx, time.Now(), records)
	if err != nil {
		return err
	}
	var content bytes.Buffer
	if err := backup.Write(&content, key); err != nil {
		return err
	}
	// first of all: no copy of the secrets may leave without a record
	if err := a.record(ctx, audit.VaultBackup, map[string]string{"connections": strconv.Itoa(len(list))}); err != nil {
		return err
	}
	if err := writeNew(path, content.Bytes()); err != nil {
		return err
	}
	result := map[string]any{"file": path, "connections": len(list)}
	return s.Print(result, func(w io.Writer) { fmt.Fprintf(w, "wrote %d connections to %s\n", len(list), path) })
}

// writeNew writes a private file that is new, whole or not at all.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func newVaultRestore(s *cli.Streams) *cobra.Command {
	var o backupOptions
	var replace bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Read connections and their secrets from a backup",
		Long: `Restore makes the connections of a backup, with their secrets. It reads and checks the whole file first, and changes
nothing if the passphrase is wrong, the file is damaged, or a connection of the same name exists.`,
		Example: `  $ host vault restore connections.age
  $ host vault restore connections.age --identity key.txt --replace`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), nil, func(a *app) error { return runRestore(c.Context(), s, a, args[0], o, replace) })
		},
	}
	c.Flags().StringVar(&o.passphrase, "passphrase", "", "passphrase as @FILE, or - for standard input (default: asked)")
	c.Flags().StringVar(&o.identity, "identity", "", "age key file, for a backup that was made to a recipient")
	c.Flags().BoolVar(&replace, "replace", false, "replace connections that exist")
	c.MarkFlagsMutuallyExclusive("passphrase", "identity")
	return c
}

func runRestore(ctx context.Context, s *cli.Streams, a *app, path string, o backupOptions, replace bool) error {
	f, err := os.Open(path)
	if err != nil {
		return cli.Hint(err, "give the file that 'host vault backup' wrote")
	}
	defer f.Close()
	if err := a.vault.Check(ctx); err != nil {
		return err
	}
	key, err := o.readKey(s)
	if err != nil {
		return err
	}
	backup, err := vault.ReadBackup(f, key)
	if err != nil {
		return cli.Hint(fmt.Errorf("restore from %s: %w", path, err), "nothing was changed")
	}
	saved, err := savedConnections(backup)
	if err != nil {
		return cli.Hint(fmt.Errorf("restore from %s: %w", path, err), "nothing was changed")
	}
	err = a.host.Restore(ctx, saved, replace)
	if errors.Is(err, fs.ErrExist) {
		return cli.Hint(err, "nothing was changed; give --replace to have the backup's in their place")
	}
	if err != nil {
		return cli.Hint(err, "some may be restored: run it again with --replace")
	}
	if err := a.record(ctx, audit.VaultRestore, map[string]string{"connections": strconv.Itoa(len(saved))}); err != nil {
		return err
	}
	result := map[string]any{"file": path, "connections": len(saved), "created_at": backup.CreatedAt}
	return s.Print(result, func(w io.Writer) {
		fmt.Fprintf(w, "restored %d connections, as they were on %s\n", len(saved), backup.CreatedAt.Local().Format("2006-01-02 15:04"))
	})
}

// savedConnections reads the host's part of a backup, by name.
func savedConnections(b *vault.Backup) ([]host.Saved, error) {
	var list []host.Saved
	for name, c := range b.Connections {
		saved := host.Saved{Secrets: c.Secrets}
		if json.Unmarshal(c.Record, &saved.Connection) != nil || saved.Name != name {
			return nil, vault.ErrBackupDamaged
		}
		list = append(list, saved)
	}
	slices.SortFunc(list, func(a, b host.Saved) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func (o backupOptions) writeKey(s *cli.Streams) (vault.BackupKey, error) {
	if o.recipient != "" {
		key, err := vault.Recipient(o.recipient)
		return key, cli.WithExit(err, cli.ExitUsage)
	}
	return o.passphraseKey(s, true)
}

func (o backupOptions) readKey(s *cli.Streams) (vault.BackupKey, error) {
	if o.identity == "" {
		return o.passphraseKey(s, false)
	}
	data, err := os.ReadFile(o.identity)
	if err != nil {
		return vault.BackupKey{}, cli.WithExit(err, cli.ExitUsage)
	}
	key, err := vault.Identity(data)
	if err != nil {
		return key, cli.WithExit(fmt.Errorf("--identity %s: %w", o.identity, err), cli.ExitUsage)
	}
	return key, nil
}

// passphraseKey reads a passphrase, and has it typed twice if a mistake would lose what is sealed with it.
func (o backupOptions) passphraseKey(s *cli.Streams, twice bool) (vault.BackupKey, error) {
	var text string
	var err error
	switch {
	case o.passphrase != "":
		text, err = s.ReadSecret("--passphrase", "--passphrase ", o.passphrase)
	case !s.Interactive():
		err = cli.Hint(cli.Usage("there is no terminal to ask for the passphrase on"), "give --passphrase @FILE, or --passphrase - and write it to standard input")
	default:
		text, err = s.AskSecret("Passphrase")
		if err == nil && twice {
			var again string
			again, err = s.AskSecret("The same again")
			if err == nil && again != text {
				err = errors.New("the passphrases are not the same: nothing was written")
			}
		}
	}
	if err != nil {
		return vault.BackupKey{}, err
	}
	return vault.Passphrase(vault.NewSecret(text))
}
