//go:build !wasip1

package reseed

import "crypto/rand"

func fresh() (seed [32]byte) {
	rand.Read(seed[:])
	return seed
}
