package main

import (
	"cmp"
	"strings"
)

// compare orders Discord's ids: numbers in decimal, too long for a float, without leading zeros.
func compare(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func later(a, b string) string {
	if compare(a, b) < 0 {
		return b
	}
	return a
}
