package worker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
)

// handshake is what a child must find in its environment. It keeps people from starting one by hand and is no
// secret.
var handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "PATCHBAY_WORKER",
	MagicCookieValue: "serve",
}

const (
	service       = "patchbay.Worker"
	methodControl = "/" + service + "/Control"
	methodCalls   = "/" + service + "/Calls"
)

// window is how much either end may have sent on one stream before the other has read it, in bytes. With 64 KiB,
// the default, a body of a megabyte would stop sixteen times for the other end's leave. A worker can make the
// host hold two windows and, for each stream that a call reads, one message.
const window = 4 << 20

// maxHeaders bounds the HTTP/2 headers of a worker's responses; there is nothing in them.
const maxHeaders = 8 << 10

// codec passes frames as they are. Protocol buffers would copy each twice more, to wrap it in a message with one
// field of bytes.
type codec struct{}

// outgoing is a frame to be sent: its kind and the parts of its payload, which must not change afterwards.
type outgoing [][]byte

func (codec) Name() string { return "patchbay-frame" }

func (codec) Marshal(v any) (mem.BufferSlice, error) {
	parts, ok := v.(outgoing)
	if !ok {
		return nil, errors.New("not a frame")
	}
	out := make(mem.BufferSlice, 0, len(parts))
	for _, p := range parts {
		if len(p) > 0 {
			out = append(out, mem.SliceBuffer(p))
		}
	}
	return out, nil
}

func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	frame, ok := v.(*[]byte)
	if !ok {
		return errors.New("not a frame")
	}
	*frame = data.Materialize()
	return nil
}

// messenger is either end of a stream.
type messenger interface {
	SendMsg(any) error
	RecvMsg(any) error
}

func send(m messenger, k kind, parts ...[]byte) error {
	return m.SendMsg(append(outgoing{{byte(k)}}, parts...))
}

func receive(m messenger) (kind, []byte, error) {
	var frame []byte
	if err := m.RecvMsg(&frame); err != nil {
		return 0, nil, err
	}
	if len(frame) == 0 {
		return 0, nil, nil // no kind: nobody expects it
	}
	return kind(frame[0]), frame[1:], nil
}

// dial returns the one connection to a worker. When it ends so does the worker; it is never made again.
//
// The host connects for itself: go-plugin's Client would open two further streams, over which a hostile worker
// may have it start goroutines and fill memory without bound, for features that are not used here.
func dial(address net.Addr) (*grpc.ClientConn, error) {
	var used atomic.Bool
	once := func(ctx context.Context, _ string) (net.Conn, error) {
		if used.Swap(true) {
			return nil, errors.New("the worker's connection has ended")
		}
		return new(net.Dialer).DialContext(ctx, address.Network(), address.String())
	}
	return grpc.NewClient("passthrough:///worker",
		grpc.WithContextDialer(once),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(codec{}), grpc.MaxCallSendMsgSize(math.MaxInt32)),
		grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window),
		grpc.WithReadBufferSize(128<<10), grpc.WithWriteBufferSize(128<<10),
		grpc.WithMaxHeaderListSize(maxHeaders),
		grpc.WithIdleTimeout(0), // a program may be idle for a day
		grpc.WithDisableRetry(), grpc.WithDisableServiceConfig(), grpc.WithNoProxy())
}

// newServer is what go-plugin makes the child's server with.
func newServer(options []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(options,
		grpc.ForceServerCodecV2(codec{}),
		grpc.MaxRecvMsgSize(math.MaxInt32), grpc.MaxSendMsgSize(math.MaxInt32),
		grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(window),
		grpc.ReadBufferSize(128<<10), grpc.WriteBufferSize(128<<10),
		grpc.ConnectionTimeout(startTimeout))...)
}

// startTimeout bounds a start, from the process to its readiness for calls.
const startTimeout = time.Minute

// numberHeader is the name under which a stream of Calls has its number.
const numberHeader = "patchbay-stream"

// numbered makes the context of a stream with this number.
func numbered(ctx context.Context, number uint64) context.Context {
	return metadata.AppendToOutgoingContext(ctx, numberHeader, strconv.FormatUint(number, 10))
}

func streamNumber(ctx context.Context) (uint64, error) {
	header := metadata.ValueFromIncomingContext(ctx, numberHeader)
	if len(header) != 1 {
		return 0, fmt.Errorf("a stream of calls has %d numbers, want one", len(header))
	}
	return strconv.ParseUint(header[0], 10, 64)
}

var streamDesc = &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
