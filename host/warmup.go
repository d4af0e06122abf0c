package host

import "patchbay/abi"

// warmUp returns the calls that a guest serves before its state is kept for all later ones. It describes itself,
// which runs nothing of its author's but fills the caches of its runtime and of the SDK; twice, since some fill
// only when a value is used again.
func warmUp() []abi.Envelope {
	describe := abi.Envelope{ABI: abi.Version, Call: "warm-up", Kind: abi.KindDescribe, Attempt: 1}
	return []abi.Envelope{describe, describe}
}
