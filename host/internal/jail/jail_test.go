//go:build linux && (amd64 || arm64)

package jail

import (
	"fmt"
	"os"
	"testing"
)

// TestMain makes the test binary the child that the tests put into jail: the variable says which.
func TestMain(m *testing.M) {
	if name := os.Getenv("JAIL_CHILD"); name != "" {
		if err := children[name](); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}
