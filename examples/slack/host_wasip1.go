package main

import "unsafe"

// Each capability module has two functions: call hands over a request and says how long the reply is, or gives a negative
// error number; take copies the reply.

//go:wasmimport patchbay.sys.v1 call
func sysCall(op int32, ptr unsafe.Pointer, size uint32) int64

//go:wasmimport patchbay.sys.v1 take
func sysTake(ptr unsafe.Pointer, size uint32, off uint32) int32

//go:wasmimport patchbay.http.v1 call
func httpCall(op int32, ptr unsafe.Pointer, size uint32) int64

//go:wasmimport patchbay.http.v1 take
func httpTake(ptr unsafe.Pointer, size uint32, off uint32) int32

const (
	opResult = 2 // of patchbay.sys.v1
	opSend   = 1 // of patchbay.http.v1
)

//go:wasmexport patchbay_invoke
func invoke(size int32) int32 {
	data := make([]byte, size)
	if err := fill(data, sysTake); err != nil {
		return 1
	}
	result := answer(data, sendHTTP)
	if sysCall(opResult, address(result), uint32(len(result))) < 0 {
		return 1
	}
	return 0
}

func sendHTTP(frame []byte) ([]byte, error) {
	n := httpCall(opSend, address(frame), uint32(len(frame)))
	if n < 0 {
		return nil, faultf("internal", "the host refused the request with error number %d", -n)
	}
	reply := make([]byte, n)
	return reply, fill(reply, httpTake)
}

// fill copies a held reply, in as many pieces as the host makes of it.
func fill(buf []byte, take func(unsafe.Pointer, uint32, uint32) int32) error {
	for off := 0; off < len(buf); {
		n := take(address(buf[off:]), uint32(len(buf)-off), uint32(off))
		if n <= 0 || int(n) > len(buf)-off {
			return faultf("internal", "the host's reply of %d bytes ends at byte %d", len(buf), off)
		}
		off += int(n)
	}
	return nil
}

func address(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
