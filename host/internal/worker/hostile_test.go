//go:build linux

package worker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"patchbay/abi"
	"patchbay/host/internal/guest"
	"patchbay/host/internal/guesttest"
)

// hostile is a child that someone has taken over: it speaks the protocol as far as it pleases.
type hostile struct{ plugin.NetRPCUnsupportedPlugin }

func serveHostile() error {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         plugin.PluginSet{"worker": hostile{}},
		GRPCServer:      newServer,
		Logger:          hclog.NewNullLogger(),
	})
	return nil
}

func (hostile) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("no client")
}

func (hostile) GRPCServer(_ *plugin.GRPCBroker, g *grpc.Server) error {
	g.RegisterService(&grpc.ServiceDesc{ServiceName: service, HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{
		{StreamName: "Control", ServerStreams: true, ClientStreams: true, Handler: hostileControl},
		{StreamName: "Calls", ServerStreams: true, ClientStreams: true, Handler: hostileCalls},
	}}, nil)
	return nil
}

// hostileControl answers a load frame with what the module says, then neither listens nor goes.
func hostileControl(_ any, stream grpc.ServerStream) error {
	_, payload, err := receive(stream)
	if err != nil {
		return err
	}
	var l load
	if err := decodeJSON(payload, &l); err != nil {
		return err
	}
	switch m := readModule(l.Dir); m.Open {
	case "":
		send(stream, kindReady)
	case "large":
		send(stream, kindRefused, make([]byte, 1<<20))
	case "other":
		send(stream, kindOutcome)
	case "end":
		return nil
	case "flood": // says that streams have ended which never began
		send(stream, kindReady)
		for send(stream, kindEnded, make([]byte, 8)) == nil {
		}
		return nil
	case "chat":
		send(stream, kindReady)
		send(stream, kindReady)
	default:
		send(stream, kindRefused, []byte(m.Open))
	}
	select {}
}

// hostileCalls answers each call with what its operation says.
func hostileCalls(_ any, stream grpc.ServerStream) error {
	for {
		k, payload, err := receive(stream)
		if err != nil {
			return err
		}
		if k != kindStart {
			continue
		}
		st, err := decodeStart(payload)
		if err != nil {
			return err
		}
		v, ok := violations[st.Envelope.Operation]
		if !ok {
			select {} // silent
		}
		if err := v.do(stream, st); err != nil {
			return err
		}
	}
}

// violation is one way to break the protocol, and what the log says of it.
type violation struct {
	do   func(grpc.ServerStream, start) error
	text string
}

func frames(k kind, times int, parts ...[]byte) func(grpc.ServerStream, start) error {
	return func(s grpc.ServerStream, _ start) error {
		for range times {
			if err := send(s, k, parts...); err != nil {
				return err
			}
		}
		return nil
	}
}

var violations = map[string]violation{
	"empty frame":     {func(s grpc.ServerStream, _ start) error { return s.SendMsg(outgoing{}) }, `a frame of kind`},
	"unknown kind":    {frames('!', 1), "a frame of kind '!'"},
	"kind of parent":  {frames(kindResponse, 1, []byte("{}\n")), "a frame of kind 'A'"},
	"ready again":     {frames(kindReady, 1), "a frame of kind 'Y'"},
	"no usage":        {frames(kindOutcome, 1, []byte("short")), "too few for a usage"},
	"negative usage":  {frames(kindOutcome, 1, end(guest.Usage{Fuel: -1}, done, "1")), "usage: number 0 is -1"},
	"huge count":      {frames(kindOutcome, 1, end(guest.Usage{HTTPCalls: 1 << 40}, done, "1")), "usage: number 2"},
	"huge memory":     {frames(kindOutcome, 1, end(guest.Usage{PeakMemory: 1 << 40}, done, "1")), "at most 4 GiB"},
	"no document":     {frames(kindOutcome, 1, appendUsage(nil, guest.Usage{})), "does not end within"},
	"garbage":         {frames(kindOutcome, 1, end(guest.Usage{}, "\x00\xff")), "result"},
	"unknown status":  {frames(kindOutcome, 1, end(guest.Usage{}, `{"status":"fine"}`)), "unknown status"},
	"stray field":     {frames(kindOutcome, 1, end(guest.Usage{}, `{"status":"done","output":0,"cursor":0}`, "1", "2")), "belongs to page"},
	"value inside":    {frames(kindOutcome, 1, end(guest.Usage{}, `{"status":"done","output":[1]}`)), "within the document"},
	"value too few":   {frames(kindOutcome, 1, end(guest.Usage{}, done)), "does not end within"},
	"value too many":  {frames(kindOutcome, 1, end(guest.Usage{}, done, "1", "2")), "after its last value"},
	"value no JSON":   {frames(kindOutcome, 1, end(guest.Usage{}, done, "{")), "unexpected"},
	"value empty":     {frames(kindOutcome, 1, end(guest.Usage{}, done, "")), "broke the protocol"},
	"value ambiguous": {frames(kindOutcome, 1, end(guest.Usage{}, done, `{"a":1,"a":2}`)), "duplicate"},
	"many items":      {frames(kindOutcome, 1, end(guest.Usage{}, `{"status":"page","items":[0`+strings.Repeat(",0", abi.MaxItems)+`]}`, manyItems...)), "items"},
	"verdict of done": {frames(kindVerdict, 1, end(guest.Usage{}, done, "1")), "verdict of status done"},
	"large verdict":   {frames(kindVerdict, 1, end(guest.Usage{}, `{"status":"fault","fault":{"code":"internal","message":"`+strings.Repeat("m", 70<<10)+`"}}`)), "at most 65536"},
	"large result":    {frames(kindOutcome, 1, end(guest.Usage{}, done, `"`+strings.Repeat("x", 9<<20)+`"`)), "at most 8454144"},
	"large frame":     {frames(kindOutcome, 1, make([]byte, 17<<20)), "larger than max"},
	"request garbage": {frames(kindRequest, 1, []byte("GET / HTTP/1.1\n")), "http request"},
	"request body":    {frames(kindRequest, 1, append([]byte(`{"method":"GET","url":"https://a.example"}`+"\n"), make([]byte, 8<<20+1)...)), "a request with a body of"},
	"request large":   {frames(kindRequest, 1, make([]byte, 9<<20)), "a request of 9437184 bytes"},
	"many requests":   {frames(kindRequest, 51, []byte(`{"method":"GET","url":"https://a.example"}`+"\n")), "request 51, at most 50"},
	"fewer requests": {func(s grpc.ServerStream, st start) error {
		frames(kindRequest, 2, []byte(`{"method":"GET","url":"https://a.example"}`+"\n"))(s, st)
		return send(s, kindOutcome, end(guest.Usage{HTTPCalls: 1}, done, "1"))
	}, "usage: 1 requests, there were 2"},
	"record garbage": {frames(kindRecord, 1, []byte(`{"level":"fatal","message":""}`)), "unknown level"},
	"many records":   {frames(kindRecord, 1<<20, []byte(`{"level":"info","message":"`+strings.Repeat("x", 1000)+`"}`)), "bytes of log records"},
	"stream ends":    {func(grpc.ServerStream, start) error { return errors.New("\x1b[31mred") }, "red"},
	"stream ends late": {func(s grpc.ServerStream, _ start) error {
		return status.Error(codes.DeadlineExceeded, "late")
	}, "late"},
}

// manyItems are one more than a page may have.
var manyItems = slices.Repeat([]string{"1"}, abi.MaxItems+1)

// TestHostile: whatever a child sends, the host says what was wrong, ends it, and serves the next call with another.
func TestHostile(t *testing.T) {
	t.Parallel()
	p := load1(t, "hostile", module{}, nil)
	for name, v := range violations {
		c := guesttest.Action(name, 1)
		served, records := 0, 0
		c.HTTP = func(context.Context, abi.Request) abi.Response { served++; return abi.Response{Status: 200} }
		c.Log = func(abi.LogRecord) { records++ }
		before := p.status()
		o, err := p.Call(t.Context(), c)
		f := guesttest.WantFault(t, err, abi.Internal, "the worker process broke the protocol", v.text)
		if t.Failed() {
			t.Fatalf("%s: %v", name, err)
		}
		if strings.ContainsRune(f.Message, 0x1b) || len(f.Message) > 300 {
			t.Errorf("%s: message %q", name, f.Message)
		}
		if served > 50 || records > 3000 || o.Usage.Fuel != 0 || o.Usage.HTTPCalls < served {
			t.Errorf("%s: %d served, %d records, usage %+v", name, served, records, o.Usage)
		}
		waitDeath(t, p.Program, before.Deaths+1)
	}
	if text := p.logs.text(); !strings.Contains(text, "worker process broke the protocol") {
		t.Errorf("log: %s", text)
	}
}

// TestHostile_Control: what a child says beside its calls is judged too.
func TestHostile_Control(t *testing.T) {
	t.Parallel()
	for _, open := range []string{"flood", "chat"} {
		p := load1(t, "hostile", module{Open: open}, nil)
		waitDeath(t, p.Program, 1)
		if s := p.status(); !strings.Contains(s.LastDeath, "was stopped because it broke the protocol") {
			t.Errorf("%s: %+v", open, s)
		}
	}
}

// TestHostile_Deaf: a process that does not listen holds nobody up who cancels calls, and ends for it.
func TestHostile_Deaf(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	w := p.worker
	for range maxCancels { // of calls that it does not know, in a burst
		w.cancel(0)
	}
	guesttest.Output[int](t, p, guesttest.Action("echo", 1))
	if err := syscall.Kill(p.status().PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for n := 0; w.life.Err() == nil; n++ { // what the kernel and gRPC keep is not without bound
		if n > 1<<20 {
			t.Fatal("as many cancels wait for the process to listen")
		}
		w.cancel(0)
	}
	waitDeath(t, p.Program, 1)
	if s := p.status(); s.LastDeath != "was stopped because it does not listen" || time.Since(start) > 10*time.Second {
		t.Errorf("%+v after %v", s, time.Since(start))
	}
	guesttest.Output[int](t, p, guesttest.Action("echo", 1))
}

// TestHostile_NotGranted: what a call was not given it cannot use.
func TestHostile_NotGranted(t *testing.T) {
	t.Parallel()
	p := load1(t, "hostile", module{}, nil)
	_, err := p.Call(t.Context(), guesttest.Action("many requests", 1))
	guesttest.WantFault(t, err, abi.Internal, "a request, which was not granted")
	_, err = p.Call(t.Context(), guesttest.Action("many records", 1))
	guesttest.WantFault(t, err, abi.Internal, "a log record, which nobody asked for")
}

// TestHostile_Others: other calls of a child that breaks the protocol may be tried again.
func TestHostile_Others(t *testing.T) {
	t.Parallel()
	p := load1(t, "hostile", module{}, nil)
	ended := make(chan error)
	go func() {
		_, err := p.Call(context.Background(), guesttest.Action("silent", 1))
		ended <- err
	}()
	for p.status().Calls == 0 {
		pause()
	}
	p.Call(t.Context(), guesttest.Action("unknown kind", 1))
	guesttest.WantFault(t, <-ended, abi.Unavailable, "was stopped because it broke the protocol in another call")
}

func TestHostile_Start(t *testing.T) {
	t.Parallel()
	e, _, _ := newEngine(t, "hostile", nil)
	for open, want := range map[string]string{
		"large":       "larger than max",
		"other":       "a frame of kind 'O'",
		"end":         "EOF",
		"\x1b[31mred": "start worker: [31mred",
	} {
		_, err := e.Load(t.Context(), guest.Module{Code: encode(module{Open: open})})
		var start *StartError
		if !errors.As(err, &start) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", open, err, want)
		}
	}
}

// TestProcess_Address: the host connects to nothing but a socket in the folder that it made.
func TestProcess_Address(t *testing.T) {
	t.Parallel()
	p := newProcess(nil)
	p.sockets = "/tmp/a"
	for _, bad := range [][2]string{{"tcp", "127.0.0.1:80"}, {"unix", "/run/docker.sock"}, {"unix", "/tmp/a/../b"}, {"unix", "@a"}, {"tcp", "/tmp/a/s"}} {
		if _, _, err := p.PluginToHost(bad[0], bad[1]); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
	if _, _, err := p.PluginToHost("unix", "/tmp/a/s"); err != nil {
		t.Error(err)
	}
}

func waitDeath(t testing.TB, p *Program, deaths int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); p.status().Deaths < deaths; {
		if time.Now().After(end) {
			t.Fatalf("%+v, want %d deaths", p.status(), deaths)
		}
		pause()
	}
}
