// Package bundle makes, writes, reads, signs, certifies and checks bundles: the file that a connector ships as.
//
// A bundle is an OCI artifact: one image manifest that lists a few blobs by size and SHA-256 digest. The digest of
// the image manifest is the bundle's identity, and what a publisher signs. The same contents always
// make the same bytes, so whoever builds a connector again from its source can compare digests.
//
// This package is not for use outside this module; the format below is for everyone.
//
// # Words
//
// The manifest is the connector's description (package manifest). The image manifest is OCI's list of blobs.
// A part is one blob with a place in the list below; a bundle has no others.
//
// # Parts
//
// The image manifest (application/vnd.oci.image.manifest.v1+json, OCI image specification 1.1) has the
// artifactType [TypeConnector] and, in this order:
//
//	what       media type                                     title          at most
//	config     application/vnd.wasm.config.v0+json            -              64 KiB
//	module     application/wasm                               module.wasm    16 MiB
//	manifest   application/vnd.patchbay.manifest.v1+json      manifest.json  1 MiB
//	README     text/markdown                                  README.md      1 MiB    may be absent
//	icon       image/svg+xml or image/png                     icon.svg, .png 1 MiB    may be absent
//	cases      application/vnd.patchbay.cases.v1+json         cases.json     8 MiB    may be absent
//	SBOM       application/vnd.cyclonedx+json                 sbom.json      8 MiB    may be absent
//
// The config is the one of the CNCF Wasm artifact format, so that Wasm tools recognise the module, with a fixed
// time since nothing in a bundle depends on when it was made:
//
//	{"created":"1970-01-01T00:00:00Z","architecture":"wasm","os":"wasip1","layerDigests":["sha256:…",…]}
//
// The manifest is canonical JSON. Cases are one JSON object from slash-separated file name to the file's text,
// without white space, keys sorted. Each layer carries its title as org.opencontainers.image.title; the image
// manifest carries title, version, description, licenses and vendor (the publisher) under the keys of the OCI image
// specification, copied from the manifest. An artifact whose image manifest is not byte for byte what [New] makes
// of its parts is refused, so annotations cannot say one thing and the manifest another.
//
// # File
//
// NAME-VERSION.bundle is an OCI image layout in an uncompressed tar ("oci-archive"), which oras, skopeo and
// others read. Its entries are, in this order and with nothing between or after them:
//
//	oci-layout                  {"imageLayoutVersion":"1.0.0"}
//	index.json                  one descriptor: the image manifest, tagged with the version
//	blobs/sha256/<64 hex>       the image manifest
//	blobs/sha256/<64 hex>       the config, then every layer; a blob that is listed twice stands once
//
// Every header is a POSIX ustar header of a regular file with mode 0644, owner 0:0, no names and time 0; contents are
// padded with zeros to 512 bytes; 1024 zeros end the file. A file is at most 32 MiB. Reading never extracts
// anything: the reader knows each entry's name, and for blobs the size and digest, before it reads it,
// and any byte that differs is an error that matches [ErrCorrupt].
//
//	offset  content of a bundle with every part
//	0       header "oci-layout", size 30
//	512     {"imageLayoutVersion":"1.0.0"}, 482 zeros
//	1024    header "index.json", size 356
//	1536    {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":
//	        "application/vnd.oci.image.manifest.v1+json","digest":"sha256:…","size":1733,"annotations":
//	        {"org.opencontainers.image.ref.name":"1.2.0"},"artifactType":"application/vnd.patchbay.connector.v1"}]}
//	2048    header "blobs/sha256/…", size 1733
//	…
//
// # Keys and signatures
//
// A publisher signs with Ed25519. A public key is bound to its publisher's name and is one line of text, the key's 32
// bytes in base64:
//
//	patchbay-ed25519 acme 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
//
// Its fingerprint is "SHA256:" and the unpadded base64 of the SHA-256 of those 32 bytes. A private key's file holds
// that line and then the key as PKCS #8 in PEM; only its owner may read it.
//
// A signature is a DSSE envelope of type application/vnd.in-toto+json around an in-toto statement. The keyid
// is the key's fingerprint. Ed25519 is deterministic: the same bundle and key make the same envelope.
//
//	{"_type": "https://in-toto.io/Statement/v1",
//	 "subject": [{"name": "acme/shop", "digest": {"sha256": "<64 hex of the image manifest>"}}],
//	 "predicateType": "urn:patchbay:publication:v1",
//	 "predicate": {"publisher": "acme", "version": "1.2.0"}}
//
// In a registry an envelope is the only layer, of type [TypeEnvelope], of an artifact of type [TypeSignature] whose
// subject is the bundle's image manifest (an OCI referrer). It is not part of the bundle's file.
//
// # Certificates
//
// A certifier is a key with a name, as a publisher is. Its certificate is an envelope of the same kind around in-toto's
// test-result predicate, version 0.1, whose tests are the families of rules. What in-toto has no field for stands
// under "patchbay":
//
//	{"_type": "https://in-toto.io/Statement/v1",
//	 "subject": [{"name": "acme/shop", "digest": {"sha256": "<64 hex of the image manifest>"}}],
//	 "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
//	 "predicate": {
//	   "result": "PASSED",                        or WARNED; readers know FAILED, writers sign no such report
//	   "configuration": [{"name": "patchbay/1", "digest": {"sha256": "<64 hex of the rule set>"}}],
//	   "passedTests": ["A", "M", "N"], "warnedTests": [], "failedTests": [],
//	   "patchbay": {
//	     "report": {"sha256": "<64 hex of the report's JSON>"},
//	     "skipped": [{"rule": "M004", "reason": "…"}],
//	     "issued": "2026-11-26T07:00:00Z", "expires": "2027-11-26T07:00:00Z"}}}
//
// The report goes with it (package report): in a registry the artifact, of type [TypeCertificate], has the envelope
// and the report, of type [TypeReport], as its two layers. A certificate is worth nothing without its report.
package bundle
