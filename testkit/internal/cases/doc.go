// Package cases reads and writes case files: one recorded call of an operation, with the requests that it made, the
// vendor's answers, and the result that it gave. The format is in the package comment of testkit and in docs/cases.md.
package cases
