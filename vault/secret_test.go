package vault_test

import "patchbay/vault"

// panicWithSecret is a child that dies of a panic whose value has a secret in it.
func panicWithSecret(how string) error {
	s := vault.NewSecret("canary")
	switch how {
	case "value":
		panic(s)
	}
	return nil
}
