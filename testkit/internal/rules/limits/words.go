package limits

import (
	"fmt"
	"strconv"

	"patchbay/manifest"
)

// Numbers in evidence are rounded: what counts is how far they are from the limit.

// plain is a number as it is.
func plain(n int64) string { return strconv.FormatInt(n, 10) }

// thousands is a number of units in billions or millions, or as it is.
func thousands(n int64) string {
	switch {
	case n < 1_000_000:
		return plain(n)
	case n >= 1_000_000_000:
		return fmt.Sprintf("%.1f billion", float64(n)/1e9)
	}
	return fmt.Sprintf("%.1f million", float64(n)/1e6)
}

// size is a number of bytes in MiB or KiB, rounded.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return manifest.Bytes(n).String()
}
