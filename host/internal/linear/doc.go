// Package linear keeps the linear memories of WebAssembly instances, and puts a memory that a call has written to
// back to a kept state in microseconds.
//
// The kept state is an [Image]. A [Memory] has its own address space, at the start of which [Memory.Map] shows the
// image copy-on-write: the pages that a call writes to become private, all others stay shared. [Memory.Reset] asks
// the kernel which pages are private and copies the image over those that differ from it. They stay where they are,
// so the next call writes to the same pages without a fault; those that no call has needed for a while are given back,
// so that one large call does not slow down all later resets. How the private pages are found is a [Strategy]; all
// of them leave the same bytes, and [Probe] says which is the fastest that works here.
//
// A Memory is what an instance of wazero takes for its experimental.LinearMemory, but this package knows no runtime.
// What it relies on is that a runtime takes the slice that Reallocate returns as the new memory, even if it is not
// of the length asked for. [Memory.SetNext] uses that to shrink an instance, which WebAssembly itself cannot do:
//
//	m.SetNext(img.Size())
//	instance.Memory().Grow(1) // calls m.Reallocate, which returns img.Size() bytes
//	err := m.Reset()
//
// Each memory is two mappings of the kernel's (vm.max_map_count allows 65530 to a process by default), three while
// it is grown beyond its image. Only pages up to its size are writable, and so counted by RLIMIT_DATA.
//
// Strategies other than [Copy] are for Linux. They need no privilege, and after the first use of this package no
// file has to be opened any more: a process may give up its rights after Probe. What they call from then on is
// memfd_create, ftruncate, pwrite64 and fcntl (images), mmap, munmap, mprotect and madvise, and pread64 or the ioctl
// PAGEMAP_SCAN (0xc0606610) on the descriptor of /proc/self/pagemap. RLIMIT_FSIZE holds for images.
//
// Not for use outside this module.
package linear
