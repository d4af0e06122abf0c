// Package vault seals credentials, so that whoever reads or copies the store learns nothing from it.
//
//	v, err := vault.Open(ctx, vault.Config{Store: bucket, IsConflict: isConflict, KeyFile: "/…/master.key"})
//	err = v.Put(ctx, "acme", map[string]string{"token": token})
//	secrets, revision, err := v.GetRevision(ctx, "acme")
//	err = v.Update(ctx, "acme", secrets, revision) // ErrConflict if somebody else was faster
//
// The secrets of one connection are one record: Put replaces them all, and no crash leaves half of them. Each
// record has a data key of its own, which a master key wraps. The master key never leaves its file and this
// process; the store, its backups and its files on disk hold sealed records only.
//
// Not for use outside this module.
//
// # The master key
//
// The key file holds hybrid age identities (ML-KEM-768 with X25519; lines AGE-SECRET-KEY-PQ-1…); empty lines and
// lines that begin with # do not count. It is made on first use, with one key and mode 0600, and refused if its
// group or others may use it. Lose it and every record is lost: back it up, and not beside the store. If the file
// is missing while the store holds records, Open refuses to make a new one; if it holds somebody else's key, all
// writes are refused, so that no record is replaced that the right key could read.
//
// Config.Key gives the key itself, where there is a better place for it than a file.
//
// # Rotation
//
// While a rotation lasts, the key file holds the new key first and the old one after it. The first one seals,
// all of them open. Rotate does
//
//  1. put the new key into the file, with the file locked for itself alone,
//  2. seal all records anew, one by one, each only if it is still the one that was read,
//  3. look through all records once more and take the old key out of the file, with the file locked likewise.
//
// Who seals a record shares the lock from the moment it reads the key file until the record is stored. So after
// step 1 nobody seals with the old key, and at step 3 no such record is under way. Who finds a record that its
// keys do not open reads the key file and the record again, with the lock shared. Records are sealed anew as a
// whole, not only their data keys: whoever had seen a data key has no use for it any more.
//
// A process that was killed while it stored a record may have sent it already, and the store may take it up
// late. It takes it for the revision that was read, so that it cannot undo step 2; only a record that is new
// could still come after step 3, and then opens with no key.
//
// # The record
//
// The record of connection C in workspace W has the store key W/C/secrets, W and C with the escapes of a URL
// path segment. Numbers are big-endian.
//
//	4 bytes    "PBV" and the format's version, 1
//	2 bytes    n, the length of the wrapped data key
//	n bytes    an age file (age-encryption.org/v1, binary) for the master key, whose content is the data key
//	24 bytes   nonce, random
//	the rest   XChaCha20-Poly1305 of the secrets, with its tag of 16 bytes
//
// The data key is 32 random bytes, new for every Put. The cipher's key is
//
//	HKDF-SHA-256(secret = data key, salt = the identity's text AGE-SECRET-KEY-PQ-1…, info = "patchbay vault record 1")
//
// of 32 bytes. The identity takes part since age says who can read a file, not who wrote it: without the salt,
// everybody who knows the public key could make records that open.
//
// The cipher's associated data says where the record belongs: the version (1 byte), then workspace, connection
// and the field name "secrets", each as its length (4 bytes) and its bytes. So a record that was copied to
// another connection or workspace does not open. What is sealed is a JSON object of names and base64 values,
// sorted by name:
//
//	{"password":"aHVudGVyMg==","user":"YWRh"}
//
// # The backup
//
// A backup is an age file, binary, for a passphrase or a recipient. Its content is a JSON document:
//
//	{"format": "patchbay backup 1", "created_at": "2026-11-25T12:00:00Z",
//	 "connections": {"acme": {"secrets": {"password": "aHVudGVyMg=="}, "record": {…}}}}
//
// with secrets in base64, and record as it was given to [Vault.Backup]. Keys that are not listed are refused.
// [ReadBackup] gives all of it or an error.
//
// # What this does not do
//
// It does not hide which connections exist, nor about how long their secrets are. It does not notice when an
// older record of the same connection is put back, or a record is deleted. Whoever can read the key file or
// this process' memory, which has the data keys of records that were opened too, can read everything. A key that
// was taken out of the key file is no longer in any file, but blocks of the disk that are free may still hold it.
package vault
