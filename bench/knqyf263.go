package main

import (
	"context"

	"github.com/knqyf263/go-plugin/examples/host-functions/greeting"
	"github.com/knqyf263/go-plugin/types/known/emptypb"

	"patchbay/host/bench/work"
)

func openKnqyf263(ctx context.Context, g *guests) (*runner, error) {
	path, err := g.file(ctx, "knqyf263")
	if err != nil {
		return nil, err
	}
	loader, err := greeting.NewGreeterPlugin(ctx)
	if err != nil {
		return nil, err
	}
	plugin, err := loader.Load(ctx, path, knqyf263Host{work.Reply()})
	if err != nil {
		return nil, err
	}
	greet := func(name []byte) ([]byte, error) {
		reply, err := plugin.Greet(context.Background(), &greeting.GreetRequest{Name: string(name)})
		return []byte(reply.GetMessage()), err
	}
	r := &runner{work: greet, echo: greet}
	r.onClose(func() error { return plugin.Close(context.Background()) })
	return r, nil
}

type knqyf263Host struct{ reply []byte }

func (h knqyf263Host) HttpGet(context.Context, *greeting.HttpGetRequest) (*greeting.HttpGetResponse, error) {
	return &greeting.HttpGetResponse{Response: h.reply}, nil
}

func (knqyf263Host) Log(context.Context, *greeting.LogRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
