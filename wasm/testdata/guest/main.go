// Command guest is the smallest connector in Go, for tests that read a real compiler's output.
package main

import "unsafe"

//go:wasmimport patchbay.sys.v1 call
func sysCall(op int32, ptr unsafe.Pointer, n int32) int64

//go:wasmimport patchbay.sys.v1 take
func sysTake(ptr unsafe.Pointer, n, off int32) int32

//go:wasmimport patchbay.log.v1 call
func logCall(op int32, ptr unsafe.Pointer, n int32) int64

//go:wasmexport patchbay_invoke
func invoke(n int32) int32 {
	envelope := make([]byte, n)
	sysTake(unsafe.Pointer(unsafe.SliceData(envelope)), n, 0)
	line := []byte(`{"level":"info","message":"called"}`)
	logCall(1, unsafe.Pointer(unsafe.SliceData(line)), int32(len(line)))
	result := []byte(`{"status":"done","output":null}`)
	sysCall(2, unsafe.Pointer(unsafe.SliceData(result)), int32(len(result)))
	return 0
}

func main() {}
