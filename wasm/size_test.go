//go:build !race

package wasm

// errorSize is what an error takes: itself and its text. It is the same for files of all sizes.
const errorSize = 2 << 10
