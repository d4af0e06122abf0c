package main

import (
	"fmt"
	"os"
	"sync"

	"patchbay/vault"
)

// masterKeyVariable names the environment variable for the vault's master key, which is else in a file.
const masterKeyVariable = "PATCHBAY_MASTER_KEY"

const masterKeyAdvice = `make a key with 'host vault new-key FILE', put it before the one in ` + masterKeyVariable + `, with a
space in between, start anew whatever runs with the variable, and rotate again`

// masterKey returns the master key that the environment gave; the zero secret, if none.
var masterKey = sync.OnceValues(takeMasterKey)

// takeMasterKey takes the master key out of the environment, where children would find it.
func takeMasterKey() (vault.Secret, error) {
	text, given := os.LookupEnv(masterKeyVariable)
	if !given {
		return vault.Secret{}, nil
	}
	if err := os.Unsetenv(masterKeyVariable); err != nil {
		return vault.Secret{}, err
	}
	if text == "" {
		return vault.Secret{}, fmt.Errorf("%s is empty: give the master key, or unset it to use the one in a file", masterKeyVariable)
	}
	return vault.NewSecret(text), nil
}
