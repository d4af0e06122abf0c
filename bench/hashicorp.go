package main

import (
	"context"
	"os"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"patchbay/host/bench/work"
)

// This file has both ends of the peer hashicorp/go-plugin: the plugin is this program, started once more. The
// services are written by hand on protobuf's own wrapper of bytes, which is what generated code would do.

var hashicorpHandshake = goplugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "PATCHBAY_BENCH_PEER", MagicCookieValue: "hashicorp"}

// serveHashicorp turns this process into the plugin if it was started as one, and does not return then.
func serveHashicorp() {
	if os.Getenv(hashicorpHandshake.MagicCookieKey) != hashicorpHandshake.MagicCookieValue {
		return
	}
	goplugin.Serve(&goplugin.ServeConfig{HandshakeConfig: hashicorpHandshake, Plugins: hashicorpPlugins(),
		GRPCServer: goplugin.DefaultGRPCServer, Logger: hclog.NewNullLogger()})
	os.Exit(0)
}

func hashicorpPlugins() goplugin.PluginSet {
	return goplugin.PluginSet{"work": &hashicorpPlugin{}}
}

type hashicorpPlugin struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (*hashicorpPlugin) GRPCServer(b *goplugin.GRPCBroker, s *grpc.Server) error {
	w := &hashicorpWork{broker: b, reply: work.Reply()}
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "bench.Work", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{
		unary("Connect", w.connect), unary("Run", w.run), unary("RunLocal", w.runLocal), unary("Echo", w.echo),
	}}, w)
	return nil
}

func (*hashicorpPlugin) GRPCClient(_ context.Context, b *goplugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return &hashicorpClient{broker: b, conn: c}, nil
}

// hashicorpWork is the service in the plugin.
type hashicorpWork struct {
	broker *goplugin.GRPCBroker
	host   *grpc.ClientConn // set by connect
	reply  []byte
}

// connect opens the way back to the host, which listens under a number of the broker.
func (w *hashicorpWork) connect(_ context.Context, id *wrapperspb.UInt32Value) (_ *emptypb.Empty, err error) {
	w.host, err = w.broker.Dial(id.GetValue())
	return &emptypb.Empty{}, err
}

func (w *hashicorpWork) run(ctx context.Context, in *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error) {
	output, err := work.Run(in.GetValue(), func(frame []byte) ([]byte, error) {
		var reply wrapperspb.BytesValue
		err := w.host.Invoke(ctx, "/bench.Host/Exchange", wrapperspb.Bytes(frame), &reply)
		return reply.GetValue(), err
	})
	return wrapperspb.Bytes(output), err
}

func (w *hashicorpWork) runLocal(_ context.Context, in *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error) {
	output, err := work.Run(in.GetValue(), func([]byte) ([]byte, error) { return w.reply, nil })
	return wrapperspb.Bytes(output), err
}

func (*hashicorpWork) echo(_ context.Context, in *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error) {
	return in, nil
}

// unary is the description of one method.
func unary[Request, Reply any](name string, serve func(context.Context, *Request) (*Reply, error)) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(Request)
		if err := decode(in); err != nil {
			return nil, err
		}
		return serve(ctx, in)
	}}
}

type hashicorpClient struct {
	broker *goplugin.GRPCBroker
	conn   *grpc.ClientConn
}

func openHashicorp(callback bool) func(context.Context, *guests) (*runner, error) {
	return func(context.Context, *guests) (*runner, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		process := goplugin.NewClient(&goplugin.ClientConfig{HandshakeConfig: hashicorpHandshake, Plugins: hashicorpPlugins(),
			Cmd: exec.Command(self), AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC}, Logger: hclog.NewNullLogger()})
		r := &runner{}
		r.onClose(func() error { process.Kill(); return nil })
		c, err := dispense(process)
		method := "RunLocal"
		if err == nil && callback {
			method, err = "Run", c.listen()
		}
		if err != nil {
			process.Kill()
			return nil, err
		}
		r.work = func(input []byte) ([]byte, error) { return c.call(method, input) }
		r.echo = func(payload []byte) ([]byte, error) { return c.call("Echo", payload) }
		return r, nil
	}
}

func dispense(p *goplugin.Client) (*hashicorpClient, error) {
	protocol, err := p.Client()
	if err != nil {
		return nil, err
	}
	c, err := protocol.Dispense("work")
	if err != nil {
		return nil, err
	}
	return c.(*hashicorpClient), nil
}

// listen serves the plugin's requests until the process ends.
func (c *hashicorpClient) listen() error {
	reply := work.Reply()
	exchange := unary("Exchange", func(context.Context, *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error) {
		return wrapperspb.Bytes(reply), nil
	})
	id := c.broker.NextId()
	go c.broker.AcceptAndServe(id, func(o []grpc.ServerOption) *grpc.Server {
		s := grpc.NewServer(o...)
		s.RegisterService(&grpc.ServiceDesc{ServiceName: "bench.Host", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{exchange}}, c)
		return s
	})
	return c.conn.Invoke(context.Background(), "/bench.Work/Connect", wrapperspb.UInt32(id), &emptypb.Empty{})
}

func (c *hashicorpClient) call(method string, data []byte) ([]byte, error) {
	var out wrapperspb.BytesValue
	err := c.conn.Invoke(context.Background(), "/bench.Work/"+method, wrapperspb.Bytes(data), &out)
	return out.GetValue(), err
}
