// Command guest is a connector that behaves as package guesttest asks for, well and badly. It knows package
// abi, and package reseed for what a guest has to do about chance, so that an engine is tested and not an SDK.
package main

import (
	"encoding/json"
	"maps"

	"patchbay/abi"
	"patchbay/sdk/reseed"
)

var operations = map[string]func(abi.Envelope) int32{}

func init() {
	for _, table := range []map[string]func(abi.Envelope) int32{honest, faulty, floods, chance, trial} {
		maps.Copy(operations, table)
	}
}

//go:wasmexport patchbay_invoke
func invoke(n int32) int32 {
	reseed.Now()
	var env abi.Envelope
	if err := json.Unmarshal(take(sysTake, int64(n)), &env); err != nil {
		panic(err)
	}
	if env.Kind == abi.KindDescribe {
		output(abi.Description{Operations: []abi.Operation{{Kind: abi.KindAction, Name: "echo"}}, SDK: "none"})
		return 0
	}
	operation, ok := operations[env.Operation]
	if !ok {
		result(abi.Fail(abi.Faultf(abi.NotFound, "no operation %q", env.Operation)))
		return 0
	}
	return operation(env)
}

func main() {}
