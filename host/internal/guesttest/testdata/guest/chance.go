package main

import (
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand"
	randv2 "math/rand/v2"
	"strconv"
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
	"churn": func(env abi.Envelope) int32 {
		in := input[struct{ Rounds int }](env)
		output(churn(in.Rounds, env.Connection.URLs["api"]))
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

// churn makes maps until garbage has been collected several times, and tells a vendor and its caller in which order
// they are read.
func churn(rounds int, url string) map[string]any {
	orders := []string{}
	for range rounds {
		m := map[string][]byte{}
		for i := range 512 {
			m[strconv.Itoa(i)] = make([]byte, 1024)
		}
		for k := range m {
			orders = append(orders, k)
			break
		}
		req := abi.Request{Method: "GET", URL: url + "/" + orders[len(orders)-1]}
		frame, err := req.Encode()
		if err != nil {
			panic(err)
		}
		take(httpTake, request(httpCall, abi.OpSend, frame))
	}
	return map[string]any{"orders": orders}
}
