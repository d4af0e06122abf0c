package main

import (
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand"
	randv2 "math/rand/v2"
	"time"

	"patchbay/abi"
)

var start = time.Now() // of the instance, with the monotonic clock

var chance = map[string]func(abi.Envelope) int32{
	"random": func(abi.Envelope) int32 {
		output(numbers())
		return 0
	},
	"clock": func(abi.Envelope) int32 {
		now := time.Now()
		output(map[string]int64{"real": now.UnixNano(), "monotonic": int64(now.Sub(start))})
		return 0
	},
	"diary": func(env abi.Envelope) int32 {
		output(diary(input[float64](env)))
		return 0
	},
}

// numbers draws from each source of randomness that Go has, and from the order of a map.
func numbers() map[string]string {
	b := make([]byte, 16)
	rand.Read(b)
	text := func(f func() uint64) string {
		var b []byte
		for range 16 {
			b = append(b, byte(f()))
		}
		return hex.EncodeToString(b)
	}
	order := map[byte]bool{}
	for i := range byte(64) {
		order[i] = true
	}
	var keys []byte
	for k := range order {
		keys = append(keys, k)
	}
	return map[string]string{"crypto/rand": hex.EncodeToString(b), "math/rand": text(mathrand.Uint64),
		"math/rand/v2": text(randv2.Uint64), "map": hex.EncodeToString(keys)}
}

// diary is all that a call can see of time and chance.
func diary(seconds float64) map[string]any {
	before := time.Now()
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	return map[string]any{"numbers": numbers(), "before": before.UnixNano(), "after": time.Now().UnixNano(),
		"slept": time.Since(before).Nanoseconds()}
}
