//go:build !linux

package jail

func native(Spec) []attack { return nil }
