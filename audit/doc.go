// Package audit keeps a record of what was done that nobody can change unseen: installs, grants, connections,
// calls with the hosts that they reached, and what became of the vault.
//
//	log, err := audit.Open(ctx, audit.Config{Store: bucket, KeyFile: "/…/audit.key", Checkpoint: "/…/audit.checkpoint"})
//	defer log.Close()
//	err = log.Append(ctx, audit.Entry{Kind: audit.Run, Connector: "tallyfy", Operation: "launch_process", Call: id})
//	report, err := log.Verify(ctx)
//
// An entry says who did what, with which outcome. It has no place for secrets, bodies, inputs, outputs, paths or
// query strings, and callers put none into Detail.
//
// Not for use outside this module.
//
// # The tree
//
// Entries are numbered from 0. An entry is one line of JSON, as [Entry] gives its keys, in that order; its hash is
// the hash of a leaf, and all leaves make the Merkle tree, of RFC 6962, as golang.org/x/mod/sumdb/tlog has it:
//
//	leaf     SHA-256(0x00, the line without its line feed)
//	subtree  SHA-256(0x01, left, right)
//
// A tree's root changes with any change to its entries or their order. Of a tree of n entries only the roots of its
// complete subtrees are needed to go on: one for each bit of n that is 1, the greatest subtree first.
//
// # The notes
//
// What the root is, the host says in signed notes (golang.org/x/mod/sumdb/note, Ed25519), which are also
// checkpoints of C2SP's tlog-checkpoint. A note's text has six lines:
//
//	patchbay-audit
//	5                                               entries in the tree
//	BG4jg7…=                                        root, in base64 as all hashes here
//	2026-11-25T21:09:08.007Z                        when it was signed
//	subtrees 6L7bqL…= q0MZ3B…=                      roots of the complete subtrees
//	entries xH0t1v…= q0MZ3B…=                       in a chunk's note: the leaves of the chunk
//	last 3                                          in a checkpoint, instead: the first entry of the last chunk
//
// After an empty line follows the one signature, "— patchbay-audit " and base64 of 4 bytes that name the key and 64
// bytes of signature.
//
// # The store
//
// A chunk holds the entries of one write: those that were to be appended at the same moment, 256 at most. Its key is
// the number of its first entry in 19 digits; its value is the entries' lines, and as last line the chunk's note:
//
//	{"n":3,"time":"2026-11-25T21:09:08.005Z","kind":"connect","actor":"ada","connector":"tallyfy","connection":"acme"}
//	{"n":4,"time":"2026-11-25T21:09:08.006Z","kind":"run","actor":"ada","connector":"tallyfy","call":"c1","code":"timeout"}
//	{"checkpoint":"patchbay-audit\n5\nBG4jg7…"}
//
// Chunks are only ever created. Whoever believes that the log has n entries creates the key n; if it exists, another
// process was faster, and its chunk is read, checked and built upon. So all processes agree on one order, no entry
// is lost or there twice, and a process that was killed leaves whole chunks.
//
// # The checkpoint
//
// The chunks alone would not show that the last ones are missing. Therefore a checkpoint is written beside the store,
// at most [Interval] after an append, and on Close. It cannot be made from chunks, since it is signed for itself. Any
// process may replace it, and then looks whether the store has gone on in the meantime, so that the last one written
// covers what was there when it was written. If all processes are killed, entries of the last moments may lie beyond
// the checkpoint. They are signed nevertheless, and [Report] counts them.
//
// An export is all chunks one after the other, and one more line {"checkpoint":…} with a checkpoint that was signed
// for it. It is verified without the host's home, by the public key alone; [Log.PublicKey] returns that.
//
// # What is found
//
// Without the private key nobody can edit, delete, insert or reorder entries unseen; verification names the first
// entry that is not as it was signed. Entries at the end can be deleted unseen in two ways: those beyond the
// checkpoint, and, by somebody who kept an old checkpoint, all that came after that. Whoever can read the key
// file can write another history. Both are found by a copy that is out of their reach: keep exports or copies of the
// checkpoint on another machine and verify against them (see [ReadCopy]).
//
// A writer never builds on what does not verify: Append then fails with an error that matches [ErrTampered].
package audit
