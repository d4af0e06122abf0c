package bundle_test

import (
	"bytes"
	"fmt"
	"log"
	"os"

	"patchbay/bundle"
)

// A connector is packed, signed, sent as a file, read and believed.
func Example() {
	manifest, err := os.ReadFile("testdata/manifest.json")
	if err != nil {
		log.Fatal(err)
	}
	b, err := bundle.New(bundle.Contents{Module: []byte("\x00asm\x01\x00\x00\x00"), Manifest: manifest})
	if err != nil {
		log.Fatal(err)
	}
	key, err := bundle.GenerateKey("acme")
	if err != nil {
		log.Fatal(err)
	}
	envelope, err := bundle.Sign(b, key)
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := b.WriteTo(&file); err != nil {
		log.Fatal(err)
	}

	got, err := bundle.Read(&file)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := bundle.Verify(got, []bundle.PublicKey{key.Public()}, envelope)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(got.Ref(), "by", signer.Publisher(), "in", got.FileName())
	// Output: acme/shop@1.2.0 by acme in shop-1.2.0.bundle
}
