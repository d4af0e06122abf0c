//go:build wasip1

// Command knqyf263 is a plugin for github.com/knqyf263/go-plugin, on the protocol of its own example of host
// functions: a name goes in, a message comes out, and http_get is the host's function.
package main

import (
	"context"
	"strings"

	"github.com/knqyf263/go-plugin/examples/host-functions/greeting"

	"patchbay/host/bench/work"
)

func main() {}

func init() { greeting.RegisterGreeter(plugin{}) }

type plugin struct{}

// Greet does the work on an input in JSON and gives anything else back.
func (plugin) Greet(ctx context.Context, req *greeting.GreetRequest) (*greeting.GreetReply, error) {
	if !strings.HasPrefix(req.GetName(), "{") {
		return &greeting.GreetReply{Message: req.GetName()}, nil
	}
	host := greeting.NewHostFunctions()
	output, err := work.Run([]byte(req.GetName()), func(frame []byte) ([]byte, error) {
		reply, err := host.HttpGet(ctx, &greeting.HttpGetRequest{Url: string(frame)})
		if err != nil {
			return nil, err
		}
		return reply.GetResponse(), nil
	})
	if err != nil {
		return nil, err
	}
	return &greeting.GreetReply{Message: string(output)}, nil
}
