package main

import (
	"sort"
	"unsafe"

	"patchbay/abi"
)

// memorySize returns how many bytes of linear memory there are. Go does not tell, but the host answers EFAULT
// for an address that is not inside, and with an offset past every reply it writes nothing.
func memorySize() int {
	const page, pages, past = 64 << 10, 1 << 16, 1 << 30
	return page * sort.Search(pages, func(n int) bool {
		return sysTake(uint32(n*page), 1, past) == -int32(abi.EFAULT)
	})
}

// memory is all of linear memory but its first page, where Go keeps nothing and a pointer may not point.
func memory() []byte {
	const first = 4096
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(first))), memorySize()-first)
}
