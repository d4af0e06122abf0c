// Command pack is for the developers of connectors: it makes, builds, records, tests, certifies, signs and publishes them.
package main

import (
	"os"

	"patchbay/internal/cli"
)

func main() {
	_ = masterKey() // first of all, so that no child inherits it
	s := cli.Standard()
	os.Exit(cli.Main(newRoot(s), s, os.Args[1:]))
}
