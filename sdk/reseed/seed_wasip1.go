package reseed

import "unsafe"

func init() { generator = find(unsafe.Pointer(&first), unsafe.Pointer(&last)) }

// The runtime has this import too. crypto/rand would add 180 kB to every guest.
//
//go:wasmimport wasi_snapshot_preview1 random_get
//go:noescape
func randomGet(p unsafe.Pointer, size uint32) (errno uint32)

func fresh() (seed [32]byte) {
	if randomGet(unsafe.Pointer(&seed), uint32(len(seed))) != 0 {
		panic("reseed: the host has no random bytes")
	}
	return seed
}
