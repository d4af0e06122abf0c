package vault

import (
	"crypto/sha256"
	"sync"
)

// maxDataKeys bounds how many data keys are kept: one for each connection that is in use.
const maxDataKeys = 1024

// dataKeys keeps data keys in memory, by what wraps them, since unwrapping one takes far longer than everything
// else that opens a record does. It ends with the ring that it belongs to. Whoever can read them can read the
// master key, which is in the same memory.
type dataKeys struct {
	mu   sync.Mutex // guards keys
	keys map[[sha256.Size]byte]unwrapped
}

// unwrapped is a data key, and which of the master keys unwrapped it.
type unwrapped struct {
	dataKey []byte
	which   int
}

func (d *dataKeys) get(wrapped []byte) (unwrapped, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u, ok := d.keys[sha256.Sum256(wrapped)]
	return u, ok
}

func (d *dataKeys) put(wrapped []byte, u unwrapped) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keys == nil {
		d.keys = map[[sha256.Size]byte]unwrapped{}
	}
	for old := range d.keys { // any one makes room
		if len(d.keys) < maxDataKeys {
			break
		}
		delete(d.keys, old)
	}
	d.keys[sha256.Sum256(wrapped)] = u
}
