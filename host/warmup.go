package host

import (
	"patchbay/abi"
	"patchbay/manifest"
)

// maxWarmUp is how many calls fill a guest's caches. Each actions' first call fills what its types need.
const maxWarmUp = 8

// warmUp returns the calls that a guest is made to serve before its state is kept for all later calls: the
// samples of its actions, on a connection that nobody has, each twice. Nothing of them reaches a network.
func warmUp(m *manifest.Manifest) []abi.Envelope {
	calls := []abi.Envelope{{ABI: abi.Version, Call: "warm-up", Kind: abi.KindDescribe, Attempt: 1}}
	for _, a := range m.Actions {
		if len(a.Samples) > 0 && len(calls) < maxWarmUp {
			calls = append(calls, abi.Envelope{
				ABI: abi.Version, Call: "warm-up", Kind: abi.KindAction, Operation: a.Name, Attempt: 1,
				Input: a.Samples[0].Input, Connection: nobody(m),
			})
		}
	}
	return append(calls, calls...) // some caches fill when a value is used again
}

// nobody is a connection without an account.
func nobody(m *manifest.Manifest) *abi.Connection {
	c := &abi.Connection{Name: "warm-up", Auth: "none", URLs: map[string]string{}}
	if len(m.Auth) > 0 {
		c.Auth = m.Auth[0].ID
	}
	for _, g := range m.HTTP {
		c.URLs[g.ID] = "https://warm-up.invalid"
	}
	return c
}
