package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"patchbay/audit"
	"patchbay/internal/cli"
	"patchbay/vault"
)

func newVault(s *cli.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "vault",
		Short: "Look after the vault: rotate its master key, back it up, restore it",
		Long: `The vault keeps the secrets of connections, sealed with a master key. The key is in PATCHBAY_HOME/master.key, or in
the variable PATCHBAY_MASTER_KEY if that is set. Without it nobody can read the secrets: keep a copy of it in a safe
place, or a backup that 'host vault backup' makes.`,
		Example: `  $ host vault backup connections.age`,
	}
	c.AddCommand(newVaultRotate(s), newVaultBackup(s), newVaultRestore(s), newVaultNewKey(s))
	return c
}

func newVaultRotate(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate",
		Short: "Replace the master key",
		Long: `Rotate makes a new master key, seals all secrets with it and destroys the old key. Calls may run meanwhile. If it is
interrupted, everything stays readable; run it again to end it. Copies of the old key file open nothing afterwards, except
copies of the state that are as old: make a new copy of the key file.`,
		Example: `  $ host vault rotate --json`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), nil, func(a *app) error {
				if err := a.audit.Ready(c.Context()); err != nil {
					return fmt.Errorf("nothing is done while the audit log cannot be written: %w", err)
				}
				done, err := a.vault.Rotate(c.Context())
				if err != nil {
					return err
				}
				if err := a.record(c.Context(), audit.VaultRotate, map[string]string{"records": strconv.Itoa(done.Records)}); err != nil {
					return err
				}
				return errors.Join(s.Print(done, func(w io.Writer) { printRotation(w, done) }), unreadable(done))
			})
		},
	}
}

func printRotation(w io.Writer, done vault.Rotation) {
	fmt.Fprintf(w, "%d records are sealed with the new master key\n", done.Records)
	switch {
	case len(done.Unreadable) > 0:
	case done.Destroyed:
		fmt.Fprintf(w, "the old key is destroyed: make a new copy of the key file\n")
	default:
		fmt.Fprintf(w, "no record needs the other keys: take them out of %s\n", masterKeyVariable)
	}
}

// unreadable makes findings of what no key opens.
func unreadable(done vault.Rotation) error {
	if len(done.Unreadable) == 0 {
		return nil
	}
	err := fmt.Errorf("no key opens the secrets of %s: the old key was kept", strings.Join(done.Unreadable, ", "))
	return cli.Printed(cli.Hint(cli.WithExit(err, cli.ExitFindings), "remove them with 'host disconnect', or put them back from a backup, and rotate again"))
}

func newVaultNewKey(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "new-key FILE",
		Short: "Make a master key for PATCHBAY_MASTER_KEY",
		Long: `New-key writes a new master key to a new file that only you can read, for where keys are kept that
PATCHBAY_MASTER_KEY is filled from. It changes nothing else, and the key in PATCHBAY_HOME/master.key needs no such thing.`,
		Example: `  $ host vault new-key master.key`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			key, err := vault.NewKey()
			if err != nil {
				return err
			}
			if err := writeNew(args[0], []byte(key.Reveal()+"\n")); err != nil {
				return err
			}
			return s.Print(map[string]string{"file": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "wrote a new master key to %s\n", args[0]) })
		},
	}
}
