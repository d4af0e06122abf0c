package guesttest

import (
	"io/fs"
	"maps"
	"slices"
	"sync"
)

// Cache keeps blobs in memory, so that the engines of one test run compile a module once. The zero value is
// empty. It may be used from several goroutines.
type Cache struct {
	mu    sync.Mutex // guards blobs
	blobs map[string][]byte
}

// Get returns what was put under a name. If nothing was, its error matches fs.ErrNotExist.
func (c *Cache) Get(name string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if blob, ok := c.blobs[name]; ok {
		return blob, nil
	}
	return nil, fs.ErrNotExist
}

// Put keeps a blob in place of what had its name.
func (c *Cache) Put(name string, blob []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.blobs == nil {
		c.blobs = map[string][]byte{}
	}
	c.blobs[name] = blob
	return nil
}

// Names returns the names of all that is kept.
func (c *Cache) Names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.blobs))
}
