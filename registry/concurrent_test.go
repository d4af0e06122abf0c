package registry

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

const publishers = 20

// together runs f at the same time for each of 20 publishers, every one with its own handle on the registry.
func together(t *testing.T, dir string, f func(i int, r *Registry) error) []error {
	t.Helper()
	errs := make([]error, publishers)
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range publishers {
		r := open(t, dir)
		done.Go(func() {
			start.Wait()
			errs[i] = f(i, r)
		})
	}
	start.Done()
	done.Wait()
	return errs
}

func TestPublish_DifferentVersionsTogether(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	errs := together(t, r.dir, func(i int, r *Registry) error {
		b := newBundle(t, fmt.Sprintf("acme/shop@1.%d.0", i), "readme")
		_, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), PublishOptions{})
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	l, err := r.Resolve(t.Context(), "acme/shop")
	if err != nil || l.Version != "1.19.0" || len(l.Versions) != publishers {
		t.Errorf("Resolve = %+v, %v", l, err)
	}
	for _, v := range l.Versions {
		if _, err := pull(t, r, "acme/shop@"+v, k.Public()); err != nil {
			t.Errorf("version %s: %v", v, err)
		}
	}
}

// One of twenty different bundles of one version wins, and stays.
func TestPublish_SameVersionTogether(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	errs := together(t, r.dir, func(i int, r *Registry) error {
		b := newBundle(t, "acme/shop@1.0.0", fmt.Sprint("by ", i))
		_, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), PublishOptions{})
		return err
	})
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("%d and %d both published 1.0.0", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, ErrVersionExists):
			t.Errorf("publisher %d: %v", i, err)
		}
	}
	b, err := pull(t, r, "acme/shop", k.Public())
	if err != nil || string(b.Contents().Readme) != fmt.Sprint("by ", winner) {
		t.Errorf("%d won, yet: %v", winner, err)
	}
}

// Twenty times the same bundle is one bundle with one signature, also while others read.
func TestPublish_SameBundleTogether(t *testing.T) {
	t.Parallel()
	r, k := newRegistry(t), newKey(t, "acme")
	publishAll(t, r, k, "acme/shop@0.9.0")
	errs := together(t, r.dir, func(i int, r *Registry) error {
		b := newBundle(t, "acme/shop@1.0.0", "readme")
		_, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), PublishOptions{})
		_, readErr := pull(t, r, "acme/shop", k.Public())
		return errors.Join(err, readErr)
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if _, envelopes, err := r.Pull(t.Context(), "acme/shop@1.0.0"); err != nil || len(envelopes) != 1 {
		t.Errorf("%d signatures, %v", len(envelopes), err)
	}
}

// Twenty keys claim one publisher's name at the same time: one gets it.
func TestPublish_ClaimTogether(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	errs := together(t, r.dir, func(i int, r *Registry) error {
		k, b := newKey(t, "acme"), newBundle(t, fmt.Sprintf("acme/shop@1.%d.0", i), "readme")
		_, err := r.Publish(t.Context(), b, sign(t, b, k), k.Public(), PublishOptions{})
		return err
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		}
	}
	keys, err := r.Keys(t.Context(), "acme")
	if won != 1 || err != nil || len(keys) != 1 {
		t.Errorf("%d publishers and %d keys, %v", won, len(keys), err)
	}
}
