package cli

import (
	"fmt"
	"os"
	"path/filepath"
)

// HomeVariable names the environment variable for the folder that holds everything the commands keep.
const HomeVariable = "PATCHBAY_HOME"

// Home returns the folder that holds everything the commands keep, and makes it, for its owner alone:
// $PATCHBAY_HOME, or .patchbay in the user's home folder.
func Home() (string, error) {
	dir := os.Getenv(HomeVariable)
	if dir == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", Hint(fmt.Errorf("no home folder: %w", err), "set %s to a folder of your own", HomeVariable)
		}
		dir = filepath.Join(user, ".patchbay")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", Hint(err, "set %s to a folder that you may write to", HomeVariable)
	}
	return dir, nil
}

// Places below the home folder.
func RegistryDir(home string) string   { return filepath.Join(home, "registry") }
func KeyDir(home string) string        { return filepath.Join(home, "keys") }
func CacheDir(home string) string      { return filepath.Join(home, "cache") }
func StateDir(home string) string      { return filepath.Join(home, "state") }
func MasterKeyFile(home string) string { return filepath.Join(home, "master.key") }
func LockDir(home string) string       { return filepath.Join(home, "locks") }
func AuditKeyFile(home string) string  { return filepath.Join(home, "audit.key") }

// CertifierKeyDir is apart from the publishers' keys: a certifier may have a publisher's name.
func CertifierKeyDir(home string) string { return filepath.Join(KeyDir(home), "certifiers") }

// AuditCheckpointFile is where the audit log says how far it went.
func AuditCheckpointFile(home string) string { return filepath.Join(home, "audit.checkpoint") }
