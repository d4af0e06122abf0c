package abi

import "strconv"

// Version is the ABI version that this package specifies, as it stands in an [Envelope].
const Version = 1

// Capability modules, as named in a guest's import section.
const (
	ModuleSys  = "patchbay.sys.v1"
	ModuleHTTP = "patchbay.http.v1"
	ModuleLog  = "patchbay.log.v1"
	ModuleWASI = "wasi_snapshot_preview1"
)

// Functions of every capability module.
const (
	FuncCall = "call"
	FuncTake = "take"
)

// Exports of a guest.
const (
	ExportMemory     = "memory"
	ExportInitialize = "_initialize"
	ExportInvoke     = "patchbay_invoke"
)

// Operations of [ModuleSys].
const (
	OpEnvelope int32 = 1
	OpResult   int32 = 2
)

// OpSend is the operation of [ModuleHTTP].
const OpSend int32 = 1

// OpWrite is the operation of [ModuleLog].
const OpWrite int32 = 1

// Errno is an error number of a host function, positive here and negated on the wire.
type Errno int32

// Error numbers, with the values of Linux.
const (
	EPERM  Errno = 1
	E2BIG  Errno = 7
	EFAULT Errno = 14
	EINVAL Errno = 22
	ENOSPC Errno = 28
	ENOSYS Errno = 38
)

var errnoText = map[Errno]string{
	EPERM:  "the capability was not granted",
	E2BIG:  "the request is too large",
	EFAULT: "the address is outside the guest's memory",
	EINVAL: "the request is malformed",
	ENOSPC: "the call's quota of host calls is used up",
	ENOSYS: "the host does not know this operation",
}

func (e Errno) Error() string {
	if s, ok := errnoText[e]; ok {
		return s
	}
	return "error number " + strconv.Itoa(int(e))
}
