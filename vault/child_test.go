package vault_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"patchbay/state"
	"patchbay/vault"
)

// childVariable makes this test program do one thing instead of its tests, in a process of its own.
const childVariable = "PATCHBAY_VAULT_CHILD"

func TestMain(m *testing.M) {
	child := map[string]func(root string) error{
		"rotate": rotateForEver, "use": useForEver, "panic": panicWithSecret,
	}[os.Getenv(childVariable)]
	if child == nil {
		os.Exit(m.Run())
	}
	if err := child(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// rotateForEver rotates until it is killed.
func rotateForEver(root string) error {
	return withVault(context.Background(), root, func(v *vault.Vault) error {
		fmt.Println("ready")
		for {
			if _, err := v.Rotate(context.Background()); err != nil {
				return err
			}
		}
	})
}

// useForEver counts in its own connections until its input ends, and prints what was acknowledged.
func useForEver(root string) error {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		stop()
	}()
	return withVault(context.Background(), root, func(v *vault.Vault) error {
		return count(ctx, v, os.Args[2], func(connection string, n int) { fmt.Println(connection, n) })
	})
}

// withVault opens the vault on the state in root, as a process of the host does.
func withVault(ctx context.Context, root string, use func(*vault.Vault) error) error {
	s, err := state.Open(ctx, state.Config{Dir: filepath.Join(root, "state")})
	if err != nil {
		return err
	}
	defer s.Close()
	bucket, err := s.Bucket(ctx, "vault")
	if err != nil {
		return err
	}
	v, err := vault.Open(ctx, vault.Config{Store: bucket, IsConflict: isConflict, KeyFile: filepath.Join(root, "master.key")})
	if err != nil {
		return err
	}
	return use(v)
}

func isConflict(err error) bool { return errors.Is(err, state.ErrConflict) }

// perUser is how many connections each user has.
const perUser = 5

// count adds one to a number in each of a user's connections in turn, until ctx ends, and reports what was stored.
// Now and then a connection is replaced instead, which asks for no revision. Nothing may fail but by conflict.
func count(ctx context.Context, v *vault.Vault, user string, stored func(connection string, n int)) error {
	for i := 0; ctx.Err() == nil; i++ {
		connection := fmt.Sprintf("%s-%d", user, i%perUser)
		bounded, cancel := context.WithTimeout(context.Background(), time.Minute)
		n, err := countOne(bounded, v, connection, i%7 == 0)
		cancel()
		if errors.Is(err, vault.ErrConflict) {
			continue // with a rotation: nobody else writes here
		}
		if err != nil {
			return err
		}
		stored(connection, n)
	}
	return nil
}

func countOne(ctx context.Context, v *vault.Vault, connection string, put bool) (int, error) {
	secrets, revision, err := v.GetRevision(ctx, connection)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(secrets["n"])
	if err != nil {
		return 0, err
	}
	next := map[string]string{"n": strconv.Itoa(n + 1)}
	if put {
		return n + 1, v.Put(ctx, connection, next)
	}
	return n + 1, v.Update(ctx, connection, next, revision)
}
