package main

import (
	"os"
	"strings"
	"unsafe"

	"patchbay/abi"
)

var sink int // keeps loops from being taken for nothing

var faulty = map[string]func(abi.Envelope) int32{
	"spin": func(abi.Envelope) int32 { return spin() },
	"hog":  func(abi.Envelope) int32 { return hog() },
	"big": func(env abi.Envelope) int32 {
		refused := output(strings.Repeat("x", input[int](env)))
		if refused < 0 && env.Attempt > 1 {
			output(refused)
		}
		return 0
	},
	"twice": func(abi.Envelope) int32 {
		first := output("first")
		second := output("second")
		println(first, second)
		return 0
	},
	"silent": func(abi.Envelope) int32 { return 0 },
	"mutter": func(abi.Envelope) int32 {
		os.Stderr.WriteString("a line without an end")
		return 0
	},
	"seven": func(abi.Envelope) int32 {
		output("fine")
		return 7
	},
	"raw": func(env abi.Envelope) int32 {
		request(sysCall, abi.OpResult, input[[]byte](env))
		return 0
	},
	"deep": func(abi.Envelope) int32 {
		deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
		request(sysCall, abi.OpResult, []byte(`{"status":"done","output":`+deep+`}`))
		return 0
	},
	"exit":  func(abi.Envelope) int32 { return exit() },
	"panic": func(abi.Envelope) int32 { panic("boom \x1b[31m\u202e\x9b") },
	"trap":  func(abi.Envelope) int32 { return trap() },
	"descend": func(abi.Envelope) int32 {
		return int32(descend(1))
	},
	"deadlock": func(abi.Envelope) int32 {
		select {}
	},
}

func spin() int32 {
	for i := 0; ; i++ {
		sink = i
	}
}

func hog() int32 {
	var kept [][]byte
	for {
		kept = append(kept, make([]byte, 1<<20))
		kept[len(kept)-1][0] = 1
	}
}

func exit() int32 {
	output("fine")
	os.Exit(3)
	return 0
}

// trap reads what is past any memory, without the runtime's noticing.
func trap() int32 {
	return int32(*(*byte)(unsafe.Pointer(uintptr(1<<32 - 16))))
}

// descend needs a stack that no memory has room for.
func descend(n int) int {
	var frame [128]int
	for i := range frame {
		frame[i] = n + i
	}
	return descend(n+1) + frame[n%len(frame)]
}
