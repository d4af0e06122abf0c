//go:build race

package wasm

// errorSize is larger here: code made for the race detector keeps less on the stack.
const errorSize = 8 << 10
