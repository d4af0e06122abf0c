// Command guest is a connector that behaves as the tests of package sandbox ask for, well and badly. It
// knows package abi and nothing else, so that the host is tested and not an SDK.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
	"unsafe"

	"patchbay/abi"
)

//go:wasmimport patchbay.sys.v1 call
func sysCall(op int32, ptr, n uint32) int64

//go:wasmimport patchbay.sys.v1 take
func sysTake(ptr, n, off uint32) int32

//go:wasmimport patchbay.http.v1 call
func httpCall(op int32, ptr, n uint32) int64

//go:wasmimport patchbay.http.v1 take
func httpTake(ptr, n, off uint32) int32

//go:wasmimport patchbay.log.v1 call
func logCall(op int32, ptr, n uint32) int64

//go:wasmimport patchbay.log.v1 take
func logTake(ptr, n, off uint32) int32

// address returns where b is. The garbage collector does not move what it points to.
func address(b []byte) (ptr, n uint32) {
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))), uint32(len(b))
}

func request(call func(int32, uint32, uint32) int64, op int32, b []byte) int64 {
	ptr, n := address(b)
	return call(op, ptr, n)
}

// take reads a reply of n bytes in pieces, to use the offset.
func take(from func(uint32, uint32, uint32) int32, n int64) []byte {
	reply := make([]byte, n)
	for off := 0; off < len(reply); {
		ptr, size := address(reply[off:])
		got := from(ptr, min(size, 4096), uint32(off))
		if got <= 0 {
			panic(fmt.Sprint("take: ", got))
		}
		off += int(got)
	}
	return reply
}

func output(v any) int64 {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return result(abi.Done(b))
}

func result(r abi.Result) int64 {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return request(sysCall, abi.OpResult, b)
}

//go:wasmexport patchbay_invoke
func invoke(n int32) int32 {
	var env abi.Envelope
	if err := json.Unmarshal(take(sysTake, int64(n)), &env); err != nil {
		panic(err)
	}
	if env.Kind == abi.KindDescribe {
		output(abi.Description{Operations: []abi.Operation{{Kind: abi.KindAction, Name: "echo"}}, SDK: "none"})
		return 0
	}
	operation, ok := operations[env.Operation]
	if !ok {
		result(abi.Fail(abi.Faultf(abi.NotFound, "no operation %q", env.Operation)))
		return 0
	}
	return operation(env)
}

var calls int // of this instance

var operations = map[string]func(abi.Envelope) int32{
	"echo": func(env abi.Envelope) int32 { output(env); return 0 },
	"count": func(abi.Envelope) int32 {
		calls++
		output(calls)
		return 0
	},
	"again": func(env abi.Envelope) int32 {
		n := request(sysCall, abi.OpEnvelope, nil)
		first := take(sysTake, n)
		second := take(sysTake, n)
		output(bytes.Equal(first, second) && len(first) > 0)
		return 0
	},
	"spin": func(abi.Envelope) int32 {
		for i := 0; ; i++ {
			calls = i
		}
	},
	"sleep": func(env abi.Envelope) int32 {
		var seconds float64
		json.Unmarshal(env.Input, &seconds)
		start := time.Now()
		time.Sleep(time.Duration(seconds * float64(time.Second)))
		output(time.Since(start).Seconds())
		return 0
	},
	"hog": func(abi.Envelope) int32 {
		var kept [][]byte
		for {
			kept = append(kept, make([]byte, 1<<20))
			kept[len(kept)-1][0] = 1
		}
	},
	"big": func(env abi.Envelope) int32 {
		var n int
		json.Unmarshal(env.Input, &n)
		refused := output(strings.Repeat("x", n))
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
		var raw []byte // base64
		json.Unmarshal(env.Input, &raw)
		request(sysCall, abi.OpResult, raw)
		return 0
	},
	"deep": func(abi.Envelope) int32 {
		deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
		request(sysCall, abi.OpResult, []byte(`{"status":"done","output":`+deep+`}`))
		return 0
	},
	"exit": func(abi.Envelope) int32 {
		output("fine")
		os.Exit(3)
		return 0
	},
	"panic": func(abi.Envelope) int32 { panic("boom \x1b[31m\u202e\x9b") },
	"deadlock": func(abi.Envelope) int32 {
		select {}
	},
	"fault": func(abi.Envelope) int32 {
		result(abi.Fail(abi.Faultf(abi.Conflict, "changed meanwhile")))
		return 0
	},
	"print": func(env abi.Envelope) int32 {
		var text string
		json.Unmarshal(env.Input, &text)
		fmt.Print("to standard output\n", text)
		fmt.Fprint(os.Stderr, "to standard error\n")
		output(nil)
		return 0
	},
	"printflood": func(abi.Envelope) int32 {
		line := strings.Repeat("x", 99) + "\n"
		for range 10_000 {
			os.Stdout.WriteString(line)
		}
		output(nil)
		return 0
	},
	"log": func(env abi.Envelope) int32 {
		output(request(logCall, abi.OpWrite, env.Input))
		return 0
	},
	"logflood": func(env abi.Envelope) int32 {
		line := []byte(`{"level":"info","message":"` + strings.Repeat("x", 968) + `"}`) // 1000 bytes
		var errno int64
		for range 500 {
			errno = request(logCall, abi.OpWrite, line)
		}
		output(errno)
		return 0
	},
	"callflood": func(abi.Envelope) int32 {
		codes := map[int64]int{}
		for range 2000 {
			codes[request(logCall, abi.OpWrite, []byte(`{"level":"debug","message":""}`))]++
		}
		output(codes)
		return 0
	},
	"pointers": pointers,
	"http":     sendHTTP,
	"httpflood": func(abi.Envelope) int32 {
		codes := map[int64]int{}
		for range 60 {
			n := request(httpCall, abi.OpSend, []byte("{\"method\":\"GET\",\"url\":\"https://a.example/\"}\n"))
			codes[min(n, 0)]++
		}
		output(codes)
		return 0
	},
	"body": func(env abi.Envelope) int32 {
		var n int
		json.Unmarshal(env.Input, &n)
		frame := append([]byte("{\"method\":\"PUT\",\"url\":\"https://a.example/\"}\n"), make([]byte, n)...)
		output(min(request(httpCall, abi.OpSend, frame), 0))
		return 0
	},
	"unknown": func(abi.Envelope) int32 {
		output([]int64{sysCall(99, 0, 0), httpCall(-1, 0, 0), logCall(0, 0, 0)})
		return 0
	},
	"malformed": func(abi.Envelope) int32 {
		output([]int64{
			request(httpCall, abi.OpSend, []byte("no head")),
			request(logCall, abi.OpWrite, []byte(`{"level":"loud","message":""}`)),
			request(sysCall, abi.OpEnvelope, []byte("x")),
		})
		return 0
	},
	"replaced": func(abi.Envelope) int32 {
		held := sysCall(abi.OpEnvelope, 0, 0)
		failed := sysCall(99, 0, 0)
		b := make([]byte, 16)
		ptr, n := address(b)
		output([]int64{min(held, 1), failed, int64(sysTake(ptr, n, 0))})
		return 0
	},
	"random": func(abi.Envelope) int32 {
		b := make([]byte, 16)
		rand.Read(b)
		output(b)
		return 0
	},
	"clock": func(abi.Envelope) int32 {
		output(time.Now().UnixMilli())
		return 0
	},
	"world": world,
}

// pointers hands bad addresses to every function and reports the answers.
func pointers(abi.Envelope) int32 {
	minus := ^uint32(0)
	end := uint32(1) << 31 // past any memory of these tests
	answers := map[string]int64{
		"sys call -1":   sysCall(abi.OpResult, minus, 8),
		"sys call end":  sysCall(abi.OpResult, end, 8),
		"sys call wrap": sysCall(abi.OpResult, minus, 2),
		"http call -1":  httpCall(abi.OpSend, minus, 8),
		"http call end": httpCall(abi.OpSend, end, 8),
		"log call -1":   logCall(abi.OpWrite, minus, 8),
		"log call end":  logCall(abi.OpWrite, end, 8),
		"sys take -1":   int64(sysTake(minus, 8, 0)),
		"sys take end":  int64(sysTake(end, 8, 0)),
		"sys take all":  int64(sysTake(0, minus, 0)),
		"http take -1":  int64(httpTake(minus, 8, 0)),
		"log take end":  int64(logTake(end, 8, 0)),
	}
	sysCall(abi.OpEnvelope, 0, 0)
	b := make([]byte, 8)
	ptr, n := address(b)
	answers["sys take past the reply"] = int64(sysTake(ptr, n, 1<<20))
	answers["sys take offset -1"] = int64(sysTake(ptr, n, minus))
	output(answers)
	return 0
}

// sendHTTP makes the request that its input is and gives back the response.
func sendHTTP(env abi.Envelope) int32 {
	var req abi.Request
	json.Unmarshal(env.Input, &req)
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

func main() {}
