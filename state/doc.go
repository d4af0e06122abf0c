// Package state keeps what Patchbay must not forget: sealed credentials, cursors, settings. It is a key-value
// store on NATS JetStream, which runs inside the process. There is nothing to install, and no port is opened.
//
//	s, err := state.Open(ctx, state.Config{Dir: dir})
//	defer s.Close()
//	cursors, err := s.Bucket(ctx, "cursors")
//	err = cursors.Put(ctx, "acme/new_orders", cursor)
//
// Several processes may open one directory at the same time: a host that serves, and the commands that a
// person runs beside it. They all see the same values, and none needs to know which of them does the work.
//
// Not for use outside this module.
//
// # The directory
//
// Config.Dir belongs to the state and has mode 0700; all its files have mode 0600 or lie below it.
//
//	lock         locked with flock by the owner; empty
//	secret       32 random bytes in hexadecimal, made on first use, never changed
//	owner.json   {"pid": 4711, "socket": "/…/socket"}; there while there is an owner
//	socket       the owner's Unix domain socket
//	jetstream/   the store's files, written by the owner only
//
// A socket's path has about 100 bytes at most. When the directory's path is longer, the socket is in a folder
// patchbay-… of its own, mode 0700, in the system's folder for temporary files.
//
// # Owner and joined
//
// Whoever has the lock is the owner and runs the server. The others join: they connect to the socket, which
// the owner pipes to the server. Every connection, the owner's own included, logs in with the secret, so that
// the right to read the directory is what gives access, however somebody came to the socket.
//
// The owner ends by closing its State, by exiting, or by being killed; the kernel then frees the lock. Those
// who joined notice at once that their connections end. Each tries the lock; one gets it, reads the store's
// files and serves; the others find it at its socket. This takes some milliseconds, and longer for large
// stores. Operations under way are repeated meanwhile, for 30 seconds at most or until their context ends, so
// that callers see a delay and no error. Only the lock's holder starts a server, and it keeps the lock until
// its server has ended, so there are never two on one store. An owner that is stopped (SIGSTOP) but alive
// stays the owner: operations then fail by their deadlines.
//
// # Writes
//
// Every write replaces one exact revision of its key, which it has read before, so repeating a write can never
// make it happen twice. Every stored record names the last 64 writes of its key, by random numbers, in the
// header Patchbay-Writers (8 bytes each, oldest first, base64url without padding). A write whose answer was
// lost looks for its own number there: if it is there, the write has taken place; if it is missing and the
// numbers go back far enough, it has not. Otherwise, after more than 64 writes by others in that short time,
// or if the deadline comes first, the error matches [ErrInDoubt]. All other errors mean that nothing was
// written.
//
// # Promises
//
// A write that has returned nil is on disk: JetStream syncs every record before it answers (SyncAlways), which
// costs 0.2 to 3 ms, as the disk may be. It survives any end of the process, and a power cut as far as the disk
// keeps what it says it has synced. A single key's writes have one order for all processes.
//
// There is no promise across keys: each is written for itself, and there are no transactions. There is no
// history: a key's old values cannot be read any more, though their bytes may stay in the files until JetStream
// compacts them, and a deleted key leaves a mark of 100 to 800 bytes. Nothing is encrypted here: secrets are
// sealed before they come (package vault).
//
// There is no protection against a disk that returns other bytes than were written. A stream that cannot be
// read at all makes Open fail and say so, but JetStream cuts a stream off silently where a record's checksum
// is wrong. Keep backups. JetStream takes three quarters of the disk space that was free when the server
// started; beyond that writes, deletions too, fail with [ErrFull], and reads go on.
//
// # Keys
//
// A key is any string of up to [MaxKey] bytes. A bucket is the JetStream KV bucket of its name (stream
// KV_<name>, subjects $KV.<name>.>), readable with NATS' own tools; a key becomes a subject like this: it is
// split at each "/", the segments are joined with ".", and in a segment every byte other than an ASCII letter,
// digit, "-" and "_" becomes "=" and two hexadecimal digits. An empty segment becomes "=".
//
//	default/acme.com  ->  default.acme=2Ecom
package state
