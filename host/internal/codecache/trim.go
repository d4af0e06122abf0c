package codecache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// abandoned is the age at which an entry that is being written was left behind by a process that is gone.
const abandoned = time.Hour

// touch marks an entry as used now. If it cannot, the entry only makes room sooner.
func touch(path string) {
	now := time.Now()
	_ = os.Chtimes(path, now, now)
}

// trim removes the entries that were used longest ago, but never keep, until the others fit. Other processes may do
// the same at the same time. What is not the store's own in the folder it leaves alone.
func (s *Store) trim(keep string) error {
	files, err := s.files()
	if err != nil {
		return err
	}
	var sum int64
	for _, f := range files {
		sum += f.Size()
	}
	for _, f := range files {
		surplus := sum > s.max && f.Name() != keep
		if unfinished(f.Name()) {
			surplus = time.Since(f.ModTime()) > abandoned
		}
		if !surplus {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		sum -= f.Size()
	}
	return nil
}

func unfinished(name string) bool { return strings.HasPrefix(name, tempPrefix) }

// files lists the entries, those that are being written too, oldest first.
func (s *Store) files() ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if !e.Type().IsRegular() || !validName(e.Name()) && !unfinished(e.Name()) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files = append(files, info)
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	return files, nil
}
