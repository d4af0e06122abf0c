package main

import (
	"os"
	"strings"

	"patchbay/abi"
)

const frame = "{\"method\":\"GET\",\"url\":\"https://a.example/\"}\n"

var floods = map[string]func(abi.Envelope) int32{
	"printflood": func(abi.Envelope) int32 {
		line := strings.Repeat("x", 99) + "\n"
		for range 10_000 {
			os.Stdout.WriteString(line)
		}
		output(nil)
		return 0
	},
	"logflood": func(abi.Envelope) int32 {
		line := []byte(`{"level":"info","message":"` + strings.Repeat("x", 971) + `"}`) // 1000 bytes
		var errno int64
		for range 500 {
			errno = request(logCall, abi.OpWrite, line)
		}
		output(errno)
		return 0
	},
	"callflood": func(env abi.Envelope) int32 {
		codes := map[int64]int{}
		for range input[int](env) {
			codes[request(logCall, abi.OpWrite, []byte(`{"level":"debug","message":""}`))]++
		}
		output(codes)
		return 0
	},
	"httpflood": func(env abi.Envelope) int32 {
		codes := map[int64]int{}
		for range input[int](env) {
			codes[min(request(httpCall, abi.OpSend, []byte(frame)), 0)]++
		}
		output(codes)
		return 0
	},
	"body": func(env abi.Envelope) int32 {
		put := append([]byte("{\"method\":\"PUT\",\"url\":\"https://a.example/\"}\n"), make([]byte, input[int](env))...)
		output(min(request(httpCall, abi.OpSend, put), 0))
		return 0
	},
}
