//go:build wasip1

// Command bare is a guest on the raw ABI, without the SDK: what it costs is what the work and the boundary cost.
package main

import (
	"bytes"
	"encoding/json"
	"unsafe"

	"patchbay/abi"
	"patchbay/host/bench/work"
)

func main() {}

//go:wasmimport patchbay.sys.v1 call
func sysCall(op int32, ptr unsafe.Pointer, size uint32) int64

//go:wasmimport patchbay.sys.v1 take
func sysTake(ptr unsafe.Pointer, size, off uint32) int32

//go:wasmimport patchbay.http.v1 call
func httpCall(op int32, ptr unsafe.Pointer, size uint32) int64

//go:wasmimport patchbay.http.v1 take
func httpTake(ptr unsafe.Pointer, size, off uint32) int32

// call is what this guest reads of an envelope.
type call struct {
	Operation string          `json:"operation"`
	Input     json.RawMessage `json:"input"`
}

//go:wasmexport patchbay_invoke
func invoke(size int32) int32 {
	envelope := make([]byte, size)
	sysTake(address(envelope), uint32(size), 0)
	var c call
	if json.Unmarshal(envelope, &c) != nil {
		return 1
	}
	output, err := run(c)
	if err != nil {
		return 2
	}
	result := append([]byte(`{"status":"done","output":`), output...)
	result = append(result, '}')
	if sysCall(abi.OpResult, address(result), uint32(len(result))) < 0 {
		return 3
	}
	return 0
}

func run(c call) ([]byte, error) {
	switch c.Operation {
	case "echo":
		return []byte("null"), echo()
	case "prime":
		_, err := work.Response(work.Reply())
		return []byte("null"), err
	case "mark":
		return json.Marshal(work.Mark)
	}
	return work.Run(c.Input, exchange)
}

func exchange(request []byte) ([]byte, error) {
	n := httpCall(abi.OpSend, address(request), uint32(len(request)))
	if n < 0 {
		return nil, abi.Errno(-n)
	}
	reply := make([]byte, n)
	httpTake(address(reply), uint32(n), 0)
	return reply, nil
}

const (
	read  = `{"method":"GET","url":"` + work.URL + `"}` + "\n"
	write = `{"method":"POST","url":"` + work.URL + `"}` + "\n"
)

// buffer holds a payload of a mebibyte and the heads around it, so that a payload is moved and never copied.
var buffer [1<<20 + 4<<10]byte

// echo reads a payload as the body of a response and sends it back as the body of a request.
func echo() error {
	n := httpCall(abi.OpSend, unsafe.Pointer(unsafe.StringData(read)), uint32(len(read)))
	if n < 0 {
		return abi.Errno(-n)
	}
	reply := buffer[len(write):][:n]
	httpTake(address(reply), uint32(n), 0)
	body := len(write) + bytes.IndexByte(reply, '\n') + 1
	request := buffer[body-len(write) : len(write)+int(n)]
	copy(request, write)
	if n := httpCall(abi.OpSend, address(request), uint32(len(request))); n < 0 {
		return abi.Errno(-n)
	}
	return nil
}

func address(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
