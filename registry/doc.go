// Package registry keeps published connectors in a folder: the local marketplace.
//
// The folder may lie on one machine, on a shared disk or in a git repository. Nothing in it is trusted because it
// is there: a reader checks every byte by size and digest, and whoever installs a connector checks its signature
// with keys that it knows from elsewhere. This package is not for use outside this module; the folder's form is for
// everyone.
//
// # Form
//
//	ROOT/.lock                         whoever publishes holds a lock (flock) on this empty file
//	ROOT/.certifiers/NAME.pub          a certifier's public keys, one a line, oldest first
//	ROOT/PUBLISHER/publisher.pub       the publisher's public keys, in the same form
//	ROOT/PUBLISHER/NAME/oci-layout     {"imageLayoutVersion":"1.0.0"}
//	ROOT/PUBLISHER/NAME/index.json     what is published
//	ROOT/PUBLISHER/NAME/blobs/sha256/  the blobs, named by their digest
//
// ROOT/PUBLISHER/NAME is a repository: an OCI image layout (image specification 1.1) that oras, skopeo and others
// read. PUBLISHER and NAME are 2 to 40 lower-case letters, digits and single hyphens. Other names that begin with a
// dot are ours and hold nothing to read. A folder without index.json is no repository yet.
//
// index.json lists image manifests. One with the annotation org.opencontainers.image.ref.name is a bundle (package
// bundle), tagged with its version; tags that are no versions are ignored. One without is a signature, an artifact
// of type application/vnd.patchbay.signature.v1 whose subject is the bundle's image manifest and whose only layer
// is the envelope:
//
//	{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
//	 "artifactType":"application/vnd.patchbay.signature.v1",
//	 "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136f…","size":2},
//	 "layers":[{"mediaType":"application/vnd.dsse.envelope.v1+json","digest":"sha256:…","size":582}],
//	 "subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:…","size":1733}}
//
// A certificate is another such artifact, of type application/vnd.patchbay.certificate.v1. It has two layers, the envelope
// and the report that it vouches for (application/vnd.patchbay.report.v1+json), so that neither is copied without the
// other.
//
// # Publishing
//
// A version is immutable. A publisher's name belongs to the key that first published under it, and to the keys that
// the folder's owner adds. So does a certifier's. These keys keep honest publishers apart; to a reader they are only a claim, since
// whoever can write to the folder can replace them.
//
// A certificate may come with a publication, or later, when the same version is published again. It has to hold, and
// a registry that can certify does so again: unless that gives the same report, byte for byte, nothing is published.
//
// Every file is written under another name, flushed to disk and renamed; blobs come before index.json. So readers
// need no lock, and a publisher that dies at any point leaves the registry as it was, but for blobs that nothing
// refers to. Publishing again picks those up.
//
// # References
//
//	shop                 the newest version that is no prerelease, if one publisher only has that name
//	acme/shop            the same, of this publisher
//	acme/shop@1.2.3      this version
//	acme/shop@^1.2       the newest in a range, see manifest.ParseRange
//	acme/shop@sha256:…   the version with this digest
package registry
