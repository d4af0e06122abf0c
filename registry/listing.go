package registry

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"patchbay/bundle"
	"patchbay/manifest"
)

// Listing is a published connector, at one of its versions.
type Listing struct {
	Publisher   string   `json:"publisher"`
	Name        string   `json:"name"`
	Version     string   `json:"version"` // the version that the rest is about
	Digest      string   `json:"digest"`  // of the bundle, "sha256:" and 64 hex digits
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Categories  []string `json:"categories"`
	License     string   `json:"license"`
	Versions    []string `json:"versions"` // all versions, newest first

	Certified *Certified `json:"certified,omitempty"` // nil: there is no certificate
}

// Ref returns the listing's full name, "publisher/name@version".
func (l Listing) Ref() string { return l.Publisher + "/" + l.Name + "@" + l.Version }

// Search returns the newest version of every connector in which each word occurs, in whatever case, as a part of
// its full name, title, description or categories; without words, of every connector. A prerelease counts only
// where there is nothing else. Listings are sorted by full name. Repositories that cannot be read are left out and
// the error names them: the listings hold even then.
func (r *Registry) Search(ctx context.Context, words ...string) ([]Listing, error) {
	var found []Listing
	err := r.read(func(root *os.Root) error {
		names, err := repositories(root)
		if err != nil {
			return err
		}
		var broken []error
		for _, name := range names {
			l, err := r.latest(ctx, root, name)
			if errors.Is(err, fs.ErrNotExist) {
				continue // nothing published yet
			}
			if err != nil {
				broken = append(broken, err)
			} else if l.matches(words) {
				found = append(found, l)
			}
		}
		return errors.Join(broken...)
	})
	if errors.Is(err, errEmpty) {
		return nil, nil
	}
	return found, err
}

func (r *Registry) latest(ctx context.Context, root *os.Root, name string) (Listing, error) {
	repo, err := openRepository(root, name)
	if err != nil {
		return Listing{}, err
	}
	if len(repo.tags) == 0 {
		return Listing{}, notFound("repository " + name + " is empty")
	}
	i := max(0, slices.IndexFunc(repo.tags, func(t tag) bool { return !t.version.Prerelease() }))
	return r.listing(ctx, root, repo, repo.tags[i])
}

func (r *Registry) listing(ctx context.Context, root *os.Root, repo *repository, t tag) (Listing, error) {
	l, err := repo.listing(ctx, t)
	if err != nil {
		return Listing{}, err
	}
	keys, err := certifierKeys(root)
	if err != nil {
		l.Certified = &Certified{Problem: err.Error()}
		return l, nil
	}
	l.Certified = repo.certified(ctx, t, keys, r.now())
	return l, ctx.Err()
}

// listing reads what it needs of a version: the manifest, but not the module.
func (r *repository) listing(ctx context.Context, t tag) (Listing, error) {
	image, err := r.image(ctx, t.desc)
	if err != nil {
		return Listing{}, err
	}
	blobs, err := bundle.ParseImage(image)
	if err != nil {
		return Listing{}, err
	}
	i := slices.IndexFunc(blobs, func(b bundle.Blob) bool { return b.MediaType == bundle.TypeManifest })
	if i < 0 {
		return Listing{}, r.corrupt("version %s has no manifest", t.version)
	}
	data, err := r.fetchBlob(ctx, blobs[i])
	if err != nil {
		return Listing{}, err
	}
	m, err := manifest.Decode(data)
	if err != nil {
		return Listing{}, r.corrupt("version %s: %v", t.version, err)
	}
	if err := r.checkIdentity(t, m); err != nil {
		return Listing{}, err
	}
	l := Listing{
		Publisher: m.Publisher, Name: m.Name, Version: m.Version, Digest: t.desc.Digest.String(),
		Title: m.Title, Description: m.Description, Categories: m.Categories, License: m.License,
	}
	for _, t := range r.tags {
		l.Versions = append(l.Versions, t.version.String())
	}
	return l, nil
}

func (l Listing) matches(words []string) bool {
	fields := append([]string{l.Publisher + "/" + l.Name, l.Title, l.Description}, l.Categories...)
	text := strings.ToLower(strings.Join(fields, "\n"))
	for _, w := range words {
		if !strings.Contains(text, strings.ToLower(w)) {
			return false
		}
	}
	return true
}
