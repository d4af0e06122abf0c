// Package jail takes rights away from a process of ours that handles what nobody has to trust: a worker that runs
// guests, and a child that compiles them.
//
// The child calls [Enter] itself, after exec and before it reads the first byte that is not ours. On Linux that
// sets no_new_privs, drops the capabilities that a process of root has, sets resource limits, confines files,
// TCP, signals and abstract sockets with Landlock, and lets through only the system calls of a short list with a
// seccomp filter, on every thread. Landlock alone is not enough: Multipath TCP, UDP and sockets with a path pass
// it by. Nothing of this needs root.
//
// A call that is not on the list fails with EPERM, so that a mistake of ours is an error and not a dead process.
// What stays possible is to compute, to have threads and memory (also executable: that is where compiled guests
// run), to use descriptors that are already open, to accept connections on a listener that is already open, and,
// if the [Spec] says so, to open files in a few folders.
//
// Whatever the work needs is opened before: listeners, /proc/self/pagemap, the local time zone (time.Local, which is
// UTC from then on if nobody has used it). Landlock and the capabilities of root take a binary without cgo, unless
// the kernel restricts all threads by itself (Landlock from version 8 on).
//
// What can be enforced depends on the kernel. [Report] says what was, and [Probe] does not take its word for it:
// a child enters the jail, then attacks its parent and the machine, and tells what came of it.
//
// Not for use outside this module.
package jail
