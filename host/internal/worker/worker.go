package worker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"patchbay/host/internal/guest"
)

// worker is a process that is ready for calls, and the host's connection to it.
type worker struct {
	program *Program
	process *process
	conn    *grpc.ClientConn
	life    context.Context // ends when it is dead or must die; streams are made in it
	die     context.CancelFunc
	gone    chan struct{} // closed when it is dead and its death is noted

	control grpc.ClientStream
	cancels chan uint64   // ids of calls that the process is to end
	leave   chan struct{} // closed when the process is to end

	mu      sync.Mutex // guards what follows
	idle    []*stream
	begun   uint64                 // streams so far; the last one's number
	streams map[uint64]*time.Timer // that have not ended; the process is killed for those that the host has given up
	ending  bool                   // the program is being closed
	why     string                 // it was killed, if it was; the first reason counts
}

// stream carries one call after another.
type stream struct {
	grpc.ClientStream
	number  uint64
	end     context.CancelFunc
	largest int // frame that may come
}

// startWorker starts a process and has it load the program's module. Who gets it must watch it.
func startWorker(ctx context.Context, p *Program) (*worker, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	sockets, err := p.socketFolder()
	if err != nil {
		return nil, &StartError{Problem: err.Error()}
	}
	defer os.RemoveAll(sockets) // the socket's name is of no more use: there is one connection
	w := &worker{
		program: p, process: newProcess(p.engine.cfg.Command()), gone: make(chan struct{}),
		cancels: make(chan uint64, max(maxCancels, 2*p.engine.cfg.Concurrency)), leave: make(chan struct{}),
		streams: map[uint64]*time.Timer{},
	}
	w.life, w.die = context.WithCancel(context.Background())
	if err := w.start(ctx, sockets); err != nil {
		return nil, w.failed(ctx, err)
	}
	return w, nil
}

// start starts the process and returns when it can take calls. When ctx ends before that, the process is killed.
func (w *worker) start(ctx context.Context, sockets string) error {
	defer context.AfterFunc(ctx, w.process.kill)()
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:     handshake,
		Plugins:             plugin.PluginSet{"worker": served{}},
		AllowedProtocols:    []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:         true,
		StartTimeout:        startTimeout,
		UnixSocketConfig:    &plugin.UnixSocketConfig{TempDir: sockets},
		Logger:              newLogger(w.program.engine.cfg.Logger),
		Stderr:              &w.process.tail,
		PluginLogBufferSize: maxKept,
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, folder string) (runner.Runner, error) {
			w.process.confine(spec.Env, folder)
			return w.process, nil
		},
	})
	// There is no client.Kill: it would connect first, to say good-bye. The process does the rest of it.
	address, err := client.Start()
	if err != nil {
		return err
	}
	go w.oversee()
	if w.conn, err = dial(address); err != nil {
		return err
	}
	w.control, err = w.conn.NewStream(w.life, streamDesc, methodControl, grpc.MaxCallRecvMsgSize(slack))
	if err != nil {
		return err
	}
	if err := send(w.control, kindLoad, w.program.load); err != nil && err != io.EOF { // EOF: the answer says more
		return err
	}
	return w.answer()
}

// answer waits for what the process says to the load frame.
func (w *worker) answer() error {
	k, payload, err := receive(w.control)
	switch {
	case err != nil:
		return err
	case k == kindReady:
		w.program.engine.weak(string(payload))
		return nil
	case k == kindRefused:
		return &StartError{Problem: guest.Printable(string(payload))}
	}
	return fmt.Errorf("a frame of kind %q, want ready or refused", k)
}

// failed cleans up after a start and says why it came to nothing.
func (w *worker) failed(ctx context.Context, err error) error {
	var refused *StartError
	if !errors.As(err, &refused) && ctx.Err() == nil {
		w.process.linger() // it may be about to end: how says more than err
	}
	w.process.kill()
	w.die()
	if w.conn != nil {
		w.conn.Close()
	}
	w.process.gone()
	if refused != nil {
		return refused
	}
	problem := guest.Shorten(guest.Printable(err.Error()))
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.why != "" {
		problem = w.how()
	} else if w.process.diedByItself() {
		problem, _ = w.process.describe()
	}
	return &StartError{Problem: problem, cause: ctx.Err()}
}

// watch waits for the end of the process.
func (w *worker) watch() {
	<-w.process.exited
	w.die()
	w.conn.Close()
	w.process.gone()
	w.mu.Lock()
	ending, how := w.ending, w.how()
	for _, timer := range w.streams {
		if timer != nil {
			timer.Stop()
		}
	}
	w.mu.Unlock()
	if !ending {
		_, stderr := w.process.describe()
		w.program.engine.cfg.Logger.Warn("worker process died", "module", w.program.module, "pid", w.process.cmd.Process.Pid,
			"err", how, "stderr", stderr)
		w.program.died(w, how)
	}
	close(w.gone)
}

// listen hears which streams have ended, and so which calls that were given up. The process says it once for each.
// It names the stream and not its call, of which it has not heard if the stream was given up before it read that.
func (w *worker) listen() {
	for {
		k, payload, err := receive(w.control)
		if err != nil {
			return
		}
		if k != kindEnded || len(payload) != 8 || !w.ended(binary.BigEndian.Uint64(payload)) {
			w.kill("it broke the protocol")
			return
		}
	}
}

// ended notes that a stream has ended. It reports whether there was one to end.
func (w *worker) ended(number uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	timer, begun := w.streams[number]
	if timer != nil {
		timer.Stop()
	}
	delete(w.streams, number)
	return begun
}

// expectEnd gives the process some time to end a stream, unless it has.
func (w *worker) expectEnd(number uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, begun := w.streams[number]; begun {
		w.streams[number] = time.AfterFunc(patience, func() { w.kill("another call of it hung") })
	}
}

// how says what became of a process that is dead or must die.
func (w *worker) how() string {
	if w.why != "" {
		return "was stopped because " + w.why
	}
	how, _ := w.process.describe()
	return "died: " + how
}

// kill ends the process at once, for a reason that continues "because", or for none if it is as good as dead.
func (w *worker) kill(why string) {
	w.mu.Lock()
	if w.why == "" && w.life.Err() == nil {
		w.why = why
	}
	w.mu.Unlock()
	w.process.kill()
	w.die()
}

// end ends a process that runs no call, politely for a second.
func (w *worker) end() {
	w.mu.Lock()
	if !w.ending {
		w.ending = true
		close(w.leave)
	}
	w.mu.Unlock()
	timer := time.AfterFunc(time.Second, w.process.kill)
	defer timer.Stop()
	<-w.gone
}

// maxCancels is how many cancels may wait until the process reads them, or two for each call that it runs.
const maxCancels = 64

// cancel asks the process to end a call. It does not wait until the process listens.
func (w *worker) cancel(id uint64) {
	select {
	case w.cancels <- id:
	default:
		w.kill("it does not listen")
	}
}

// speak says on the control stream what the process is to do. It alone waits for a process that does not listen.
func (w *worker) speak() {
	for {
		select {
		case id := <-w.cancels:
			send(w.control, kindCancel, binary.BigEndian.AppendUint64(nil, id)) // an error is the end of the process
		case <-w.leave:
			w.control.CloseSend() // it always returns nil
			return
		case <-w.life.Done():
			return
		}
	}
}

// take returns a stream that no other call uses, on which frames for these limits may come.
func (w *worker) take(largest int) (*stream, error) {
	w.mu.Lock()
	for len(w.idle) > 0 {
		s := w.idle[len(w.idle)-1]
		w.idle = w.idle[:len(w.idle)-1]
		if s.largest == largest {
			w.mu.Unlock()
			return s, nil
		}
		s.end()
	}
	w.begun++
	number := w.begun
	w.streams[number] = nil
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(numbered(w.life, number))
	cs, err := w.conn.NewStream(ctx, streamDesc, methodCalls, grpc.MaxCallRecvMsgSize(largest))
	if err != nil {
		cancel()
		return nil, err
	}
	return &stream{ClientStream: cs, number: number, end: cancel, largest: largest}, nil
}

// put takes back a stream whose call has ended as it should.
func (w *worker) put(s *stream) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = append(w.idle, s)
}
