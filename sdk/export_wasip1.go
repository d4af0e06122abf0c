package sdk

import (
	"unsafe"

	"patchbay/abi"
)

// The imports of a guest. The linker drops those that nothing reaches, so the import section of a connector
// that never calls Call.HTTP does not name patchbay.http.v1, and one that never logs not patchbay.log.v1.

//go:wasmimport patchbay.sys.v1 call
func sysCall(op int32, ptr unsafe.Pointer, size uint32) int64

//go:wasmimport patchbay.sys.v1 take
func sysTake(ptr unsafe.Pointer, size uint32, off uint32) int32

//go:wasmimport patchbay.http.v1 call
func httpCall(op int32, ptr unsafe.Pointer, size uint32) int64

//go:wasmimport patchbay.http.v1 take
func httpTake(ptr unsafe.Pointer, size uint32, off uint32) int32

//go:wasmimport patchbay.log.v1 call
func logCall(op int32, ptr unsafe.Pointer, size uint32) int64

// envelope is reused: memory that a guest has grown into is never given back.
var envelope []byte

// invoke runs one call; size is the envelope's. It returns 0 once the host has a result.
//
//go:wasmexport patchbay_invoke
func invoke(size int32) int32 {
	if serving == nil {
		return deliver(abi.Fail(Faultf(Internal, "the guest serves no connector: call sdk.Serve in init")))
	}
	if int(size) > cap(envelope) {
		envelope = make([]byte, size)
	}
	envelope = envelope[:size]
	if err := take(sysTake, envelope); err != nil {
		return deliver(abi.Fail(Faultf(Internal, "read the envelope: %v", err)))
	}
	return give(serving.Invoke(imports{}, envelope))
}

// give hands the result over. One that is too large for the host becomes a fault that says so.
func give(result []byte) int32 {
	n := sysCall(abi.OpResult, unsafe.Pointer(unsafe.SliceData(result)), uint32(len(result)))
	if n == -int64(abi.E2BIG) {
		return deliver(abi.Fail(Faultf(LimitExceeded, "the result of %d bytes is larger than the host allows; return pages", len(result))))
	}
	return failed(n)
}

func deliver(r abi.Result) int32 {
	data, err := encode("result", r)
	if err != nil {
		return 1
	}
	return failed(sysCall(abi.OpResult, unsafe.Pointer(unsafe.SliceData(data)), uint32(len(data))))
}

func failed(n int64) int32 {
	if n < 0 {
		return 1
	}
	return 0
}

// imports is the host as the capability modules offer it.
type imports struct{}

func (imports) HTTP(request []byte) ([]byte, error) {
	n := httpCall(abi.OpSend, unsafe.Pointer(unsafe.SliceData(request)), uint32(len(request)))
	if n < 0 {
		return nil, abi.Errno(-n)
	}
	// A fresh buffer each time, since the response's body stays in it.
	reply := make([]byte, n)
	return reply, take(httpTake, reply)
}

func (imports) Log(record []byte) error {
	n := logCall(abi.OpWrite, unsafe.Pointer(unsafe.SliceData(record)), uint32(len(record)))
	if n < 0 {
		return abi.Errno(-n)
	}
	return nil
}

// take fills buf with the reply that the host holds.
func take(from func(unsafe.Pointer, uint32, uint32) int32, buf []byte) error {
	for off := 0; off < len(buf); {
		n := from(unsafe.Pointer(&buf[off]), uint32(len(buf)-off), uint32(off))
		switch {
		case n < 0:
			return abi.Errno(-n)
		case n == 0:
			return Faultf(Internal, "the host's reply ends at byte %d of %d", off, len(buf))
		}
		off += int(n)
	}
	return nil
}
