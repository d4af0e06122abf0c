//go:build linux

package jail

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestEverything: the values are those of the kernel's documentation, of which each version knows more.
func TestEverything(t *testing.T) {
	for version, want := range map[int]unix.LandlockRulesetAttr{
		0:  {},
		1:  {Handled_access_fs: 0x1fff},
		2:  {Handled_access_fs: 0x3fff},
		3:  {Handled_access_fs: 0x7fff},
		4:  {Handled_access_fs: 0x7fff, Handled_access_net: 3},
		5:  {Handled_access_fs: 0xffff, Handled_access_net: 3},
		6:  {Handled_access_fs: 0xffff, Handled_access_net: 3, Scoped: 3},
		7:  {Handled_access_fs: 0xffff, Handled_access_net: 3, Scoped: 3},
		9:  {Handled_access_fs: 0x1ffff, Handled_access_net: 3, Scoped: 3},
		10: {Handled_access_fs: 0x1ffff, Handled_access_net: 15, Scoped: 3},
		99: {Handled_access_fs: 0x1ffff, Handled_access_net: 15, Scoped: 3},
	} {
		if diff := cmp.Diff(want, everything(version)); diff != "" {
			t.Errorf("version %d (-want +got):\n%s", version, diff)
		}
	}
}
