package main

import (
	"encoding/json"
	"fmt"
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

// output hands over a result that is done, and returns the host's answer.
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

// input reads the call's input as a T.
func input[T any](env abi.Envelope) (v T) {
	if err := json.Unmarshal(env.Input, &v); err != nil {
		panic(err)
	}
	return v
}
