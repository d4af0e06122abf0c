// Command host installs connectors and runs them: it keeps the credentials, shows what each connector asks
// for, and calls its operations in a sandbox.
package main

import (
	"os"

	"patchbay/internal/cli"
)

func main() {
	_, _ = masterKey() // first of all, so that no child inherits it; its error is for those who need the key
	s := cli.Standard()
	os.Exit(cli.Main(newRoot(s), s, os.Args[1:]))
}
