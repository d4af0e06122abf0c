//go:build wasip1

// Command extism is a plugin for extism, written with its own Go PDK.
package main

import (
	"github.com/extism/go-pdk"

	"patchbay/host/bench/work"
)

func main() {}

// hostExchange sends a request that lies in extism's memory and returns where the response lies.
//
//go:wasmimport extism:host/user exchange
func hostExchange(request uint64) uint64

//go:wasmexport run
func run() int32 {
	output, err := work.Run(pdk.Input(), exchange)
	if err != nil {
		pdk.SetError(err)
		return 1
	}
	pdk.Output(output)
	return 0
}

//go:wasmexport echo
func echo() int32 {
	pdk.Output(pdk.Input())
	return 0
}

func exchange(request []byte) ([]byte, error) {
	m := pdk.AllocateBytes(request)
	reply := pdk.FindMemory(hostExchange(m.Offset()))
	m.Free()
	return reply.ReadBytes(), nil
}
