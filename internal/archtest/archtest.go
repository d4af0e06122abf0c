// Package archtest holds the repository's architecture to its word: layers, owners of vendor libraries,
// package comments and the common shape of connectors. It has no code, only tests, which read the source
// files themselves: a test that asked the go command would be served from the test cache after a change.
package archtest
