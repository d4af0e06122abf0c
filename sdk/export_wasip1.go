package sdk

import (
	"sync"
	"unsafe"

	"patchbay/abi"
	"patchbay/sdk/reseed"
)

// The imports of a guest. The linker drops those that nothing reaches, so the import section of a connector
// that never calls Call.HTTP does not name patchbay.http.v1, and of one that never logs not patchbay.log.v1.

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

// envelope is reused, since memory that a guest has grown into is never given back.
var envelope []byte

//go:wasmexport patchbay_invoke
func invoke(size int32) int32 {
	reseed.Now() // before anything draws: the memory may be that of another call's start
	if int(size) > cap(envelope) {
		envelope = make([]byte, size)
	}
	envelope = envelope[:size]
	take := func(buf []byte, off int) int32 { return sysTake(address(buf), uint32(len(buf)), uint32(off)) }
	result := func(data []byte) int64 { return sysCall(abi.OpResult, address(data), uint32(len(data))) }
	return serve(serving, &imports{}, envelope, take, result)
}

// imports is the [Host] that the capability modules make.
type imports struct {
	http sync.Mutex // the host holds one reply a module, so nobody may send before it is taken
}

func (i *imports) HTTP(request []byte) ([]byte, error) {
	i.http.Lock()
	defer i.http.Unlock()
	n := httpCall(abi.OpSend, address(request), uint32(len(request)))
	if n < 0 {
		return nil, abi.Errno(-n)
	}
	reply := make([]byte, n) // a fresh one each time: the response's body stays in it
	take := func(buf []byte, off int) int32 { return httpTake(address(buf), uint32(len(buf)), uint32(off)) }
	return reply, fetch(take, reply)
}

func (*imports) Log(record []byte) error {
	if n := logCall(abi.OpWrite, address(record), uint32(len(record))); n < 0 {
		return abi.Errno(-n)
	}
	return nil
}

// address is where a slice lies in the guest's memory.
func address(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
