//go:build unix

package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"patchbay/bundle"
)

// With these set, the test program publishes acme/shop@2.0.0 and kills itself at a step.
const (
	crashDir  = "REGISTRY_TEST_DIR"
	crashKey  = "REGISTRY_TEST_KEY"
	crashStep = "REGISTRY_TEST_STEP"
)

func TestMain(m *testing.M) {
	if os.Getenv(crashDir) == "" {
		os.Exit(m.Run())
	}
	if err := publishAndDie(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func publishAndDie() error {
	r, err := Open(os.Getenv(crashDir))
	if err != nil {
		return err
	}
	k, err := bundle.ReadKey(os.Getenv(crashKey))
	if err != nil {
		return err
	}
	b, err := bundle.ReadFile(os.Getenv(crashKey) + ".bundle")
	if err != nil {
		return err
	}
	env, err := bundle.Sign(b, k)
	if err != nil {
		return err
	}
	left, err := strconv.Atoi(os.Getenv(crashStep))
	if err != nil {
		return err
	}
	r.step = func() {
		if left--; left < 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
	}
	c, err := bundle.Certify(b, newReport(b), k, time.Now(), time.Now().Add(time.Hour))
	if err != nil {
		return err
	}
	o := PublishOptions{Certification: &c, CertifierKey: k.Public()}
	_, err = r.Publish(context.Background(), b, env, k.Public(), o)
	return err
}

// A publisher that is killed at any step leaves a registry that can be read, and published to again.
func TestPublish_Killed(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]bool{"first": true, "second version": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKey(t, "acme")
			keyPath := t.TempDir() + "/key"
			if err := k.WriteFile(keyPath); err != nil {
				t.Fatal(err)
			}
			if err := newBundle(t, "acme/shop@2.0.0", "readme").WriteFile(keyPath + ".bundle"); err != nil {
				t.Fatal(err)
			}
			for step := 0; ; step++ {
				r := newRegistry(t)
				if !first {
					publishAll(t, r, k, "acme/shop@1.0.0")
				}
				killed := publishKilled(t, r.dir, keyPath, step)
				checkSurvives(t, r, k, first)
				if t.Failed() {
					t.Fatalf("killed at step %d", step)
				}
				if !killed {
					if step < 20 {
						t.Errorf("publishing took %d steps only: are they counted?", step)
					}
					t.Logf("killed at each of %d steps", step)
					return
				}
			}
		})
	}
}

// publishKilled reports whether the publisher was killed before it was done.
func publishKilled(t *testing.T, dir, key string, step int) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = []string{crashDir + "=" + dir, crashKey + "=" + key, crashStep + "=" + strconv.Itoa(step)}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Fatalf("publish: %v: %s", err, stderr.String())
	}
	return false
}

func checkSurvives(t *testing.T, r *Registry, k *bundle.Key, first bool) {
	t.Helper()
	if _, err := r.Search(t.Context()); err != nil {
		t.Errorf("Search: %v", err)
	}
	if _, err := pull(t, r, "acme/shop@1.0.0", k.Public()); err != nil && !first {
		t.Errorf("the version that was there: %v", err)
	}
	// Absent or whole: nothing in between.
	if _, err := pull(t, r, "acme/shop@2.0.0", k.Public()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the version that was being published: %v", err)
	}
	// With its certificate, or not at all.
	if l, err := r.Resolve(t.Context(), "acme/shop@2.0.0"); err == nil && (l.Certified == nil || l.Certified.Problem != "") {
		t.Errorf("the certificate of what was being published: %+v", l.Certified)
	}
	b := newBundle(t, "acme/shop@2.0.0", "readme")
	o := PublishOptions{Certification: certify(t, b, k), CertifierKey: k.Public()}
	if _, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), o); err != nil {
		t.Errorf("publishing again: %v", err)
	}
	if _, err := pull(t, r, "acme/shop@2.0.0", k.Public()); err != nil {
		t.Errorf("published again: %v", err)
	}
	for name := range files(t, r.dir) {
		if strings.HasSuffix(name, ".new") {
			t.Errorf("%s is left over", name)
		}
	}
}
