// Package codecache keeps compiled code in a folder, and gives back only what this installation has put there.
//
// Compiled code is machine code: whoever chooses it, runs it with all rights of the host. A folder of a cache is easy
// to write to by others: it is on a shared volume, it is restored from a backup, an image is built with it. So each
// entry has a code of authentication, made with a key that is in a file elsewhere, among the installation's private
// files. Who can write to the folder but cannot read the key can make an entry disappear, and no more. Who can read or
// replace the key has the host's secrets anyway, and is not kept out.
//
// An entry is a file that is named by 64 lower-case hexadecimal digits:
//
//	offset  bytes  what
//	0       16     "patchbay code 1\n"
//	16      32     HMAC-SHA256 of: the first 16 bytes, the name, the blob's length (8 bytes, big endian), the blob
//	48      any    the blob
//
// An entry that was once put under a name stays valid under this name for as long as the key does. The name must
// therefore be a digest of all that the code depends on: the module, and the compiler with its version and settings.
//
// Not for use outside this module.
package codecache
