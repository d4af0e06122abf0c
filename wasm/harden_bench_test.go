package wasm

import "testing"

func BenchmarkHarden(b *testing.B) {
	data := mustBuild(b, goGuest)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Harden(data); err != nil {
			b.Fatal(err)
		}
	}
}
