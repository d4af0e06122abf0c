// Package worker runs guests in processes of their own.
//
// It is an engine beside package sandbox: an [Engine] loads modules into [Program]s, each with a child process of
// our own binary, in which [Serve] runs the program that it is given. Whatever a guest breaks out of, it is then
// in a process that holds no credential and no file of ours, and that the caller can end at any moment. HTTP
// requests and log lines come back to the host. The package has both ends of the protocol and knows neither the
// WebAssembly runtime nor how rights are taken away: [Config] and [ServeConfig] are given both. Not for use
// outside this module.
//
// # What holds
//
// A child first takes away from itself all that loading does not need, then loads what the host laid down, then
// takes away the rest, and only then runs code of the guest for the first time: what a guest does at its start,
// and in its warm-up calls, is held by the same walls as its calls.
//
// A child gets the environment of its command and what go-plugin needs, two pipes, and a unix socket in a folder
// of mode 0700, which is removed as soon as the host has connected. There is no TLS on it: nobody else can come
// near. It is in a session of its own, and on Linux the kernel kills it when the host ends.
//
// The host takes nothing from a child on trust. A frame that is malformed, too large, out of turn or beyond a
// quota ends the child, and so does one that does not read what the host says: the call that it was for gets an
// internal fault, the others one that may be tried again.
//
// On Linux the host looks every second how many threads and how much memory a child has, of any sort, also such as
// its own limits do not count, and whether it is busy while it has no call. One that exceeds its bounds is ended.
//
// The host's own clock counts. 60 ms after its time a call ends for its caller, whatever the child says; if the
// child has not ended it a second later, the host ends the child. When a child dies,
// its calls get an unavailable fault at once, and the next call starts another one: the first time at once, then
// after 100 ms, doubled at each death up to 10 s. Five deaths within a minute open a breaker, and for 30 s no
// child is started; if the first one after that dies before it has served a call, for another 30 s.
//
// # The protocol
//
// go-plugin starts the child, which prints the path of its socket, and the host makes one gRPC connection to it.
// Both ends are the same binary, so that there is one version of the protocol and nothing in it is optional.
// The service patchbay.Worker has two methods, both with a stream in either direction. A gRPC message is one
// frame: a byte that says its kind, then its payload, which ends with the message. gRPC's own five bytes before
// a message say whether it is compressed (never) and how long it is, so that a cancel frame for the call 258 is
//
//	00 00000009  43 0000000000000102
//
// Control is called once, and lives as long as the host wants the child.
//
//	host   'L' load     JSON: folder of the module, limits, world, warm-up calls, concurrency
//	child  'Y' ready    text: what could not be taken away, often empty; the module is open
//	child  'N' refused  text: why not; the host ends the child
//	host   'C' cancel   eight bytes, big-endian: id of a call, which may have ended
//	child  'E' ended    likewise: number of a stream of Calls, which has ended; once for each
//
// Calls is called for each call that runs at the same time as others; a stream carries one call after another. The
// host numbers the streams from 1 on, and says the number in the header patchbay-stream, in decimal.
// The ends take turns: the host sends and waits, then the child sends until it waits for a response or has sent
// the call's end. That is why a cancel comes by the other stream.
//
//	host   'S' start     a section of JSON (id, envelope, limits, world, what is granted, nanoseconds left), then
//	                     the envelope's input, cursor and state, each a section
//	child  'R' record    a log record of package abi
//	child  'Q' request   an HTTP request, in the frame of package abi: head, line feed, body
//	host   'A' response  the response, likewise
//	child  'O' outcome   usage, then the guest's result
//	child  'V' verdict   usage, then the engine's fault, as a result of status fault
//
// A section is its length as an unsigned varint, then as many bytes; an empty one stands for a value that is not
// there. A usage is five numbers of eight bytes, big-endian, none negative: fuel, peak memory, HTTP calls, host
// calls, nanoseconds. A result is a section with its document, as package abi has it but for 0 in place of every
// output, state, cursor and item, and then a section for each of these, in that order.
package worker
