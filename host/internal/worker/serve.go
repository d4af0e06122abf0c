package worker

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// ServeConfig is what a child is made of. All of it is needed.
type ServeConfig struct {
	// Enter takes rights away from this process, but for reading dir. It is called when the connection to the
	// host stands, and before a byte is read that anybody but the host wrote.
	Enter func(dir string) error

	// Open loads what [Config.Prepare] laid down in dir, and runs nothing of it: start does that, when Sealed has
	// returned. m is the module as Load was given it, but for its Code. The program must take as many calls at a
	// time as concurrency says.
	Open func(ctx context.Context, dir string, m guest.Module, concurrency int) (start func(context.Context) (guest.Program, error), err error)

	// Sealed takes away what only Open has needed: before start, since code of the guest runs in it. Weak says what
	// could not be enforced on this process, and is empty if nothing is missing; the host logs it.
	Sealed func() (weak string, err error)
}

// Serve is the whole life of a child: it returns when the host is gone or has no more use for it, and the
// process should end then. It takes over standard output, which must be unused, and SIGINT. Calls that still
// run when it returns are not waited for.
func Serve(cfg ServeConfig) error {
	if os.Getenv(handshake.MagicCookieKey) != handshake.MagicCookieValue {
		return errors.New("a worker is started by a host, not by hand")
	}
	if cfg.Enter == nil || cfg.Open == nil || cfg.Sealed == nil {
		return errors.New("serve: the configuration needs Enter, Open and Sealed")
	}
	s := &server{cfg: cfg, stdout: os.Stdout, stderr: os.Stderr, opened: make(chan struct{}), calls: map[uint64]context.CancelFunc{}}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         plugin.PluginSet{"worker": served{server: s}},
		GRPCServer:      newServer,
		Logger:          hclog.New(&hclog.LoggerOptions{Output: s.stderr, Level: hclog.Error}),
	})
	return s.err
}

// served registers a server where go-plugin makes its own.
type served struct {
	plugin.NetRPCUnsupportedPlugin
	server *server
}

func (served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("the host connects for itself")
}

func (p served) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	p.server.grpc = g
	p.server.lonely = time.AfterFunc(startTimeout, g.Stop)
	g.RegisterService(&grpc.ServiceDesc{ServiceName: service, HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{
		{StreamName: "Control", ServerStreams: true, ClientStreams: true, Handler: p.server.control},
		{StreamName: "Calls", ServerStreams: true, ClientStreams: true, Handler: p.server.serveCalls},
	}}, nil)
	return nil
}

// server is the child's end.
type server struct {
	cfg            ServeConfig
	stdout, stderr *os.File
	grpc           *grpc.Server
	lonely         *time.Timer   // ends a child that no host comes to
	opened         chan struct{} // closed when program is there
	program        guest.Program
	err            error // why it served no call

	controlMu sync.Mutex // one sends at a time
	host      grpc.ServerStream

	mu    sync.Mutex // guards what follows
	calls map[uint64]context.CancelFunc
}

// control serves the one stream that lives as long as the host wants this process.
func (s *server) control(_ any, stream grpc.ServerStream) error {
	defer func() { go s.grpc.Stop() }() // which ends Serve; not from within a handler of the server that stops
	s.lonely.Stop()
	// go-plugin has put pipes in their place, which it serves to a client that we do not use.
	os.Stdout, os.Stderr = s.stdout, s.stderr
	var weak string
	if weak, s.err = s.open(stream); s.err != nil {
		send(stream, kindRefused, []byte(s.err.Error()))
		receive(stream) // nothing comes; to stop at once would take the answer back
		return s.err
	}
	s.host = stream
	close(s.opened)
	if err := s.say(kindReady, []byte(weak)); err != nil {
		return err
	}
	for {
		k, payload, err := receive(stream)
		if err != nil {
			return nil
		}
		if k == kindCancel && len(payload) == 8 {
			s.cancel(binary.BigEndian.Uint64(payload))
		}
	}
}

// say sends a frame on the control stream.
func (s *server) say(k kind, parts ...[]byte) error {
	s.controlMu.Lock()
	defer s.controlMu.Unlock()
	return send(s.host, k, parts...)
}

// open does what a load frame asks for.
func (s *server) open(stream grpc.ServerStream) (weak string, err error) {
	k, payload, err := receive(stream)
	if err != nil {
		return "", err
	}
	var l load
	if k != kindLoad {
		return "", fmt.Errorf("a frame of kind %q, want the load", k)
	}
	if err := decodeJSON(payload, &l); err != nil {
		return "", fmt.Errorf("load frame: %w", err)
	}
	if err := s.cfg.Enter(l.Dir); err != nil {
		return "", err
	}
	m := guest.Module{Limits: l.Limits, World: l.World, WarmUp: l.WarmUp}
	start, err := s.cfg.Open(stream.Context(), l.Dir, m, l.Concurrency)
	if err != nil {
		return "", err
	}
	if weak, err = s.cfg.Sealed(); err != nil {
		return "", err
	}
	s.program, err = start(stream.Context())
	return weak, err
}

// serveCalls serves one call after another. However early the host ends the stream, it hears that it has ended.
func (s *server) serveCalls(_ any, stream grpc.ServerStream) error {
	<-s.opened // long since: the host begins no stream before it is told
	number, err := streamNumber(stream.Context())
	if err != nil {
		return err
	}
	defer func() { s.say(kindEnded, binary.BigEndian.AppendUint64(nil, number)) }() // or the host is gone
	for {
		k, payload, err := receive(stream)
		if err != nil {
			return err
		}
		if k != kindStart {
			return fmt.Errorf("a frame of kind %q, want a start", k)
		}
		st, err := decodeStart(payload)
		if err != nil {
			return err
		}
		if err := s.serve(stream, st); err != nil {
			return err
		}
	}
}

// serve runs one call, in the goroutine that reads its stream: whoever sends on a stream waits for the other end
// before sending again, so that nobody else has to read it.
func (s *server) serve(stream grpc.ServerStream, st start) error {
	ctx, end := s.begin(stream.Context(), st)
	defer end()
	c := guest.Call{Envelope: st.Envelope, Limits: st.Limits, World: st.World}
	if st.HTTP {
		c.HTTP = func(ctx context.Context, req abi.Request) abi.Response { return ask(stream, st.Limits, req) }
	}
	if st.Log {
		c.Log = func(r abi.LogRecord) { tell(stream, r) }
	}
	outcome, err := s.program.Call(ctx, c)
	k, most := kindOutcome, maxOutcome(st.Limits.WithDefaults())
	if err != nil {
		k, most = kindVerdict, maxVerdict
		outcome.Result = abi.Fail(abi.AsFault(err))
	}
	parts, err := encodeEnd(outcome)
	if n := size(parts); err == nil && n > most {
		err = abi.Faultf(abi.LimitExceeded, "a result of %d bytes, its limit is %d: return less, or in pages", n, most)
	}
	if err != nil {
		k, outcome.Result = kindVerdict, abi.Fail(abi.AsFault(err))
		if parts, err = encodeEnd(outcome); err != nil {
			return err
		}
	}
	return send(stream, k, parts...)
}

// begin makes a call's context, which ends with its time or when the host cancels it.
func (s *server) begin(ctx context.Context, st start) (context.Context, func()) {
	ctx, cancel := context.WithTimeout(ctx, st.Left)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[st.ID] = cancel
	return ctx, func() {
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.calls, st.ID)
	}
}

// cancel cancels a call, if it still runs.
func (s *server) cancel(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.calls[id]; cancel != nil {
		cancel()
	}
}

// ask has the host serve a guest's request.
func ask(stream grpc.ServerStream, limits abi.Limits, req abi.Request) abi.Response {
	payload, err := req.Encode()
	if err != nil {
		return abi.Response{Fault: abi.Faultf(abi.InvalidInput, "the request cannot be passed on: %v", err)}
	}
	if most := maxRequest(limits.WithDefaults()); int64(len(payload)) > most {
		return abi.Response{Fault: abi.Faultf(abi.LimitExceeded, "a request of %d bytes with its head, at most %d are allowed", len(payload), most)}
	}
	resp, err := exchange(stream, payload)
	if err != nil {
		return abi.Response{Fault: abi.Faultf(abi.Unavailable, "the host does not answer: %v", err)}
	}
	return resp
}

func exchange(stream grpc.ServerStream, request []byte) (abi.Response, error) {
	if err := send(stream, kindRequest, request); err != nil {
		return abi.Response{}, err
	}
	k, payload, err := receive(stream)
	if err != nil {
		return abi.Response{}, err
	}
	head, body, ok := bytes.Cut(payload, []byte("\n"))
	if k != kindResponse || !ok {
		return abi.Response{}, fmt.Errorf("a frame of kind %q, want a response", k)
	}
	// Not abi.DecodeResponse: what the host answers is the guest's to judge, as it is in the host's own process.
	var resp abi.Response
	err = json.Unmarshal(head, &resp)
	resp.Body = body
	return resp, err
}

// tell passes on a log line. One that cannot be sent has nobody to hear of it.
func tell(stream grpc.ServerStream, r abi.LogRecord) {
	if record, err := marshal(r); err == nil {
		send(stream, kindRecord, record) // its error is the stream's end, which the next receive tells
	}
}
