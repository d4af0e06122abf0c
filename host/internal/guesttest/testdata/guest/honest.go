package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"patchbay/abi"
)

var (
	calls int      // of this instance
	seen  []string // responses to the operation warm
)

var honest = map[string]func(abi.Envelope) int32{
	"echo": func(env abi.Envelope) int32 {
		output(env)
		return 0
	},
	"count": func(abi.Envelope) int32 {
		calls++
		output(calls)
		return 0
	},
	"again": func(abi.Envelope) int32 {
		n := request(sysCall, abi.OpEnvelope, nil)
		first := take(sysTake, n)
		second := take(sysTake, n)
		output(bytes.Equal(first, second) && len(first) > 0)
		return 0
	},
	"fault": func(abi.Envelope) int32 {
		result(abi.Fail(abi.Faultf(abi.Conflict, "changed meanwhile")))
		return 0
	},
	"page": func(abi.Envelope) int32 {
		request(sysCall, abi.OpResult, []byte(`{"status":"page","items":[1.10,{"b":2,"a":"é"}],"cursor":12345678901234567890}`))
		return 0
	},
	"sleep": func(env abi.Envelope) int32 {
		start := time.Now()
		time.Sleep(time.Duration(input[float64](env) * float64(time.Second)))
		output(time.Since(start).Seconds())
		return 0
	},
	"print": func(env abi.Envelope) int32 {
		fmt.Print("to standard output\n", input[string](env))
		fmt.Fprint(os.Stderr, "to standard error\n")
		output(nil)
		return 0
	},
	"log": func(env abi.Envelope) int32 {
		output(request(logCall, abi.OpWrite, env.Input))
		return 0
	},
	"grow": func(env abi.Envelope) int32 {
		kept := make([]byte, input[int](env))
		for i := 0; i < len(kept); i += 4096 {
			kept[i] = 1
		}
		output(len(kept))
		return 0
	},
	"work": func(env abi.Envelope) int32 {
		sum := uint64(0)
		for i := range input[uint64](env) {
			sum = sum*31 + i
		}
		output(sum)
		return 0
	},
	"http":  sendHTTP,
	"world": world,
	"warm": func(abi.Envelope) int32 {
		n := request(httpCall, abi.OpSend, []byte(frame))
		if n >= 0 {
			seen = append(seen, string(take(httpTake, n)))
		} else {
			seen = append(seen, fmt.Sprint(n))
		}
		output(nil)
		return 0
	},
	"warmth": func(abi.Envelope) int32 {
		output(seen)
		return 0
	},
}

// sendHTTP makes the request that its input is and gives back the response.
func sendHTTP(env abi.Envelope) int32 {
	req := input[abi.Request](env)
	req.Body = []byte("request body")
	frame, err := req.Encode()
	if err != nil {
		panic(err)
	}
	n := request(httpCall, abi.OpSend, frame)
	if n < 0 {
		output(n)
		return 0
	}
	clear(frame) // the host must have copied it
	resp, err := abi.DecodeResponse(take(httpTake, n))
	if err != nil {
		panic(err)
	}
	output(map[string]any{"status": resp.Status, "body": string(resp.Body), "fault": resp.Fault})
	return 0
}

// world reports what the guest can see of the machine.
func world(abi.Envelope) int32 {
	seen := []string{}
	see := func(what string, err error) {
		if err == nil {
			seen = append(seen, what)
		}
	}
	for _, path := range []string{"/", ".", "/etc/passwd", "/proc/self/environ", "main.go"} {
		_, err := os.ReadFile(path)
		see("read "+path, err)
		_, err = os.Stat(path)
		see("stat "+path, err)
		_, err = os.ReadDir(path)
		see("list "+path, err)
		see("write "+path, os.WriteFile(path+"x", nil, 0o600))
	}
	see("mkdir", os.Mkdir("/x", 0o700))
	see("remove", os.Remove("/etc/hostname"))
	n, _ := os.Stdin.Read(make([]byte, 1))
	output(map[string]any{"args": len(os.Args), "environ": len(os.Environ()), "seen": seen, "stdin": n})
	return 0
}
