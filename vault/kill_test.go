package vault_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/state"
	"patchbay/vault"
)

// TestRotate_killed kills the process that rotates the master key, 10 times at any moment, 100 times with
// PATCHBAY_TRIALS=full, while goroutines and other processes read and write. Nothing is ever unreadable, no
// write that was acknowledged is lost, and a last rotation leaves no record on any key that was there before.
func TestRotate_killed(t *testing.T) {
	kills := 10
	if os.Getenv("PATCHBAY_TRIALS") == "full" {
		kills = 100
	}
	root, err := os.MkdirTemp("", "vault") // short, for the socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	users := []string{"here-a", "here-b", "child-a", "child-b"}
	err = withVault(t.Context(), root, func(v *vault.Vault) error {
		var acks acknowledged
		for _, user := range users {
			for i := range perUser {
				connection := fmt.Sprintf("%s-%d", user, i)
				if err := v.Put(t.Context(), connection, map[string]string{"n": "0"}); err != nil {
					return err
				}
				acks.add(connection, 0)
			}
		}
		seen := map[string]bool{}
		stop := acks.start(t, v, root, users)
		// More of them until a rotation got as far as the key file, however slow the machine is: it holds one line about
		// itself, and a key.
		for i := 0; i < kills || len(seen) < 3 && i < 50*kills; i++ {
			killRotation(t, root)
			data, err := os.ReadFile(filepath.Join(root, "master.key"))
			if err != nil {
				return err
			}
			for line := range strings.Lines(string(data)) {
				seen[strings.TrimSpace(line)] = true
			}
			if i == 0 && t.Failed() {
				break
			}
		}
		stop()
		done, err := v.Rotate(t.Context())
		if err != nil || !done.Destroyed || len(done.Unreadable) > 0 || done.Records != len(users)*perUser {
			t.Errorf("the last rotation: %+v, %v", done, err)
		}
		acks.check(t, v)
		t.Logf("%d kills, %d lines in the key file over time, %d writes", kills, len(seen), acks.writes)
		return noneOn(t, root, seen)
	})
	if err != nil {
		t.Error(err)
	}
}

// killRotation kills a process that rotates, up to 60 ms after it began.
func killRotation(t *testing.T, root string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], root)
	cmd.Env = append(os.Environ(), childVariable+"=rotate")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = bufio.NewReader(out).ReadString('\n')
	if err == nil {
		<-time.After(rand.N(60 * time.Millisecond))
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil || stderr.Len() > 0 {
		t.Errorf("the rotation ended by itself: %v %s", err, stderr.String())
	}
}

// acknowledged is the last number that each connection was told to be stored.
type acknowledged struct {
	mu     sync.Mutex // guards the others
	last   map[string]int
	writes int
}

func (a *acknowledged) add(connection string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil {
		a.last = map[string]int{}
	}
	if n > 0 {
		a.writes++
	}
	a.last[connection] = n
}

// start lets the users count: those named child in a process each.
func (a *acknowledged) start(t *testing.T, v *vault.Vault, root string, users []string) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, user := range users {
		wg.Go(func() {
			var err error
			if strings.HasPrefix(user, "child") {
				err = a.child(ctx, root, user)
			} else {
				err = count(ctx, v, user, a.add)
			}
			if err != nil {
				t.Errorf("%s: %v", user, err)
			}
		})
	}
	return func() { cancel(); wg.Wait() }
}

// child runs a user in a process of its own, until ctx ends.
func (a *acknowledged) child(ctx context.Context, root, user string) error {
	cmd := exec.Command(os.Args[0], root, user)
	cmd.Env = append(os.Environ(), childVariable+"=use")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = in.Close() })()
	lines := bufio.NewScanner(io.Reader(out))
	for lines.Scan() {
		connection, n, _ := strings.Cut(lines.Text(), " ")
		number, err := strconv.Atoi(n)
		if err != nil {
			return err
		}
		a.add(connection, number)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, stderr.String())
	}
	return nil
}

// check demands that everything acknowledged is there.
func (a *acknowledged) check(t *testing.T, v *vault.Vault) {
	t.Helper()
	for connection, n := range a.last {
		if n == 0 {
			t.Errorf("%s was never written", connection)
		}
		got, err := v.Get(t.Context(), connection)
		if err != nil || got["n"] != strconv.Itoa(n) {
			t.Errorf("%s: %v, %v; want %d", connection, got, err, n)
		}
	}
}

// noneOn demands that none of the keys, which are lines of a key file, opens a record.
func noneOn(t *testing.T, root string, lines map[string]bool) error {
	s, err := state.Open(t.Context(), state.Config{Dir: filepath.Join(root, "state")})
	if err != nil {
		return err
	}
	defer s.Close()
	bucket, err := s.Bucket(t.Context(), "vault")
	if err != nil {
		return err
	}
	keys := 0
	for line := range lines {
		if !strings.HasPrefix(line, "AGE-SECRET-KEY-PQ-1") {
			continue
		}
		keys++
		v, err := vault.Open(t.Context(), vault.Config{Store: bucket, IsConflict: isConflict, Key: vault.NewSecret(line)})
		if err != nil {
			return err
		}
		if err := v.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "is not the one that sealed the 20 records") {
			t.Errorf("an old key opens a record: %v", err)
		}
	}
	if keys < 2 {
		t.Errorf("%d keys were seen: nothing was rotated", keys)
	}
	return nil
}
