package jail

import "golang.org/x/sys/unix"

const (
	auditArch      = uint32(unix.AUDIT_ARCH_X86_64)
	foreignNumbers = uint32(0x40000000) // the x32 interface, under the same architecture with numbers of its own
)
