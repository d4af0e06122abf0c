// Package host runs connectors: it keeps what is installed, the connections to vendors' accounts and the
// grants that were allowed, and runs one operation at a time in a sandbox, with the vendor's credentials
// attached to its HTTP requests outside of the guest's reach.
//
// Not for use outside this module.
//
// # What a host keeps
//
// An installed connector is a verified bundle in the bundle folder and a record that names its digest, the
// key that signed it and the grants that were allowed. A connection is one account's access to a vendor: its
// fields are in a record, its secrets in the vault. Every key carries the workspace it belongs to.
//
// # One call
//
// [Host.Run] finds the installed connector and the connection, validates the input against the manifest,
// resolves the grants to base URLs, and calls the guest, which begins every call in the same state. The guest's
// requests go through the one way out (host/internal/egress), which checks them against the grants and attaches
// the credential. What the guest returns is validated before anyone sees it. Every error of a call is an
// [abi.Fault].
//
// # Where guests run
//
// Each connector has an [Isolation]: a worker process of its own (host/internal/worker), or this process
// (host/internal/sandbox). Workers, and the processes that compile modules, are this program again: package host
// takes them over before main, see file child.go. [Examine] tells what the machine enforces on them.
//
// # Calls that come out the same
//
// With Config.World the same call uses the same fuel and memory and makes the same requests, in any host and in either
// ring, as long as the vendor gives the same answers. The ids of calls, and with them their idempotency keys, count
// from one in each host; what the auth methods draw (nonces, states) stays random.
//
// With Config.Clock the host's own waits go by another clock than the real one: those between tries and for what vendors
// ask to wait, the rest of a breaker, pending results, the life of tokens and the end of a call's time; Usage then says
// what has passed by it. A Config.Transport that sleeps by the same clock until the request's context is done is a vendor
// that hangs, and is stopped when and as the network would be. Guests have a clock of their own (Config.World), which
// the host's does not move; what vendors limit is not kept, but for what they ask to wait.
//
// Config.Record is told of every [Exchange] of a guest with a vendor, freed of the connection's secrets.
package host
