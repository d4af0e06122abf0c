// Package difftest has only tests: they hold modules that package wasm has hardened against the raw ones, on the
// runtime's two engines, its interpreter and its compiler. Not for use outside this module.
package difftest
