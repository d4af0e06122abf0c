package guest

import (
	"context"
	"encoding/json"

	"patchbay/abi"
)

// Describe asks a guest what it has code for. Its errors are those of [Program.Call], and internal for an
// answer that is not a description.
func Describe(ctx context.Context, p Program) (abi.Description, error) {
	env := abi.Envelope{ABI: abi.Version, Call: "describe", Kind: abi.KindDescribe, Attempt: 1}
	outcome, err := p.Call(ctx, Call{Envelope: env})
	if err != nil {
		return abi.Description{}, err
	}
	result := outcome.Result
	if result.Status == abi.StatusFault {
		return abi.Description{}, result.Fault
	}
	if result.Status != abi.StatusDone {
		return abi.Description{}, abi.Faultf(abi.Internal, "describe answered %s, expected done", result.Status)
	}
	var d abi.Description
	if err := json.Unmarshal(result.Output, &d); err != nil {
		return abi.Description{}, abi.Faultf(abi.Internal, "describe answered with something else than a description: %v", err)
	}
	return d, nil
}
