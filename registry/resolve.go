package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"patchbay/bundle"
)

// Resolve finds the newest version that ref means; the package comment has the forms of a reference. What is not there
// matches fs.ErrNotExist, with names that are near; damage matches [bundle.ErrCorrupt]. A bare
// name that several publishers use is an error that lists them.
func (r *Registry) Resolve(ctx context.Context, ref string) (Listing, error) {
	var l Listing
	err := r.resolve(ref, func(root *os.Root, repo *repository, t tag) (err error) {
		l, err = r.listing(ctx, root, repo, t)
		return err
	})
	if err != nil {
		return Listing{}, err
	}
	return l, nil
}

// Pull reads the version that [Registry.Resolve] finds, with its signatures. Every byte has been checked against
// its digest, and the bundle is the one that publisher, name and version say; whether anybody vouches for it is for
// [bundle.Verify] to say. Errors are those of Resolve.
func (r *Registry) Pull(ctx context.Context, ref string) (*bundle.Bundle, []bundle.Envelope, error) {
	var b *bundle.Bundle
	var envelopes []bundle.Envelope
	err := r.resolve(ref, func(_ *os.Root, repo *repository, t tag) (err error) {
		if b, err = repo.bundle(ctx, t); err != nil {
			return err
		}
		envelopes, err = repo.envelopes(ctx, t.desc)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return b, envelopes, nil
}

func (r *repository) bundle(ctx context.Context, t tag) (*bundle.Bundle, error) {
	image, err := r.image(ctx, t.desc)
	if err != nil {
		return nil, err
	}
	b, err := bundle.Load(image, func(blob bundle.Blob) ([]byte, error) { return r.fetchBlob(ctx, blob) })
	if err != nil {
		return nil, fmt.Errorf("%s@%s: %w", r.name, t.version, err)
	}
	return b, r.checkIdentity(t, b.Manifest())
}

// resolve calls f with the repository and the version that ref means.
func (r *Registry) resolve(ref string, f func(*os.Root, *repository, tag) error) error {
	want, err := parseReference(ref)
	if err != nil {
		return err
	}
	err = r.read(func(root *os.Root) error {
		repo, err := locate(root, want)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(repo.tags, want.matches) // newest first
		if i < 0 {
			return noVersion(repo, want)
		}
		return f(root, repo, repo.tags[i])
	})
	if errors.Is(err, errEmpty) {
		return fmt.Errorf("connector %s: %w", want, err)
	}
	return err
}

// locate opens the one repository that want can mean.
func locate(root *os.Root, want reference) (*repository, error) {
	if want.publisher != "" {
		repo, err := openRepository(root, want.String())
		if errors.Is(err, fs.ErrNotExist) {
			return nil, noConnector(root, want)
		}
		return repo, err
	}
	names, err := repositories(root)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, n := range names {
		if _, err := root.Lstat(n + "/index.json"); err == nil && strings.HasSuffix(n, "/"+want.name) {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 0:
		return nil, noConnector(root, want)
	case 1:
		return openRepository(root, found[0])
	}
	return nil, fmt.Errorf("connector %s: several publishers have that name; write one of %s", want, strings.Join(found, ", "))
}

func noConnector(root *os.Root, want reference) error {
	names, err := repositories(root)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("connector %s is not in the registry", want)
	if n := want.near(names); len(n) > 0 {
		text += "; did you mean " + strings.Join(n, " or ") + "?"
	}
	return notFound(text)
}

func noVersion(r *repository, want reference) error {
	if len(r.tags) == 0 {
		return notFound(fmt.Sprintf("connector %s has no version", r.name))
	}
	var have []string
	for _, t := range r.tags[:min(len(r.tags), 5)] {
		have = append(have, t.version.String())
	}
	what := "a version that is no prerelease"
	if want.version != "" {
		what = "the version " + want.version
	}
	return notFound(fmt.Sprintf("connector %s does not have %s; newest: %s", r.name, what, strings.Join(have, ", ")))
}
