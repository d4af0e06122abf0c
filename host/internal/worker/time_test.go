//go:build linux

package worker

import (
	"context"
	"syscall"
	"testing"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guesttest"
)

// soon is how long after its time a call may take to return. The promise is 100 ms on a machine that has time
// for us, which one that runs many tests has not.
const soon = 100*time.Millisecond + 400*time.Millisecond

func took(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if d := time.Since(start); d < want || d > want+soon {
		t.Errorf("took %v, want %v and at most %v more", d, want, soon)
	}
}

// TestTime_Asleep: a program that minds its time says so itself, and its process stays.
func TestTime_Asleep(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	pid := p.status().PID
	c := guesttest.Action("sleep", 60_000)
	c.Limits.Wall = 200 * time.Millisecond
	start := time.Now()
	o, err := p.Call(t.Context(), c)
	guesttest.WantFault(t, err, abi.Timeout, "the call did not end within its wall limit of 200ms")
	took(t, start, c.Limits.Wall)
	if o.Usage.Fuel != 12 || o.Usage.Wall < c.Limits.Wall {
		t.Errorf("usage %+v", o.Usage)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = p.Call(ctx, guesttest.Action("sleep", 60_000))
	guesttest.WantFault(t, err, abi.Timeout, "the call did not end before its caller's deadline")

	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	start = time.Now()
	o, err = p.Call(ctx, guesttest.Action("sleep", 60_000))
	guesttest.WantFault(t, err, abi.Canceled, "the call was cancelled by its caller")
	took(t, start, 200*time.Millisecond)
	if o.Usage.Fuel != 12 {
		t.Errorf("usage %+v", o.Usage)
	}
	if s := p.status(); s.PID != pid || s.Deaths != 0 {
		t.Errorf("%+v, want no death", s)
	}
}

// TestTime_Hangs: one that does not is killed, and so are the calls beside it.
func TestTime_Hangs(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	deaths := 0
	hang := func(end func(context.Context) context.Context, wall time.Duration, code abi.Code, message string) {
		t.Helper()
		deaths++
		beside := make(chan error)
		begun := make(chan bool)
		go func() {
			c := guesttest.Action("http", 1)
			c.HTTP = func(ctx context.Context, _ abi.Request) abi.Response {
				close(begun)
				<-ctx.Done()
				return abi.Response{}
			}
			_, err := p.Call(context.Background(), c)
			beside <- err
		}()
		<-begun
		c := guesttest.Action("hang", 1)
		c.Limits.Wall = wall
		start := time.Now()
		o, err := p.Call(end(t.Context()), c)
		guesttest.WantFault(t, err, code, message)
		took(t, start, 200*time.Millisecond+grace)
		if o.Usage.Wall < 200*time.Millisecond {
			t.Errorf("usage %+v", o.Usage)
		}
		guesttest.WantFault(t, <-beside, abi.Unavailable, "the connector's process was stopped because another call of it hung")
		took(t, start, 200*time.Millisecond+grace+patience)
		waitDeath(t, p.Program, deaths)
	}
	hang(func(ctx context.Context) context.Context { return ctx }, 200*time.Millisecond, abi.Timeout, "within its wall limit of 200ms")
	hang(func(ctx context.Context) context.Context {
		ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}, 0, abi.Timeout, "before its caller's deadline")
	hang(func(ctx context.Context) context.Context {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(200*time.Millisecond, cancel)
		return ctx
	}, 0, abi.Canceled, "cancelled by its caller")
	guesttest.Output[int](t, p, guesttest.Action("echo", 1))
}

// TestTime_Slow: one that ends its call late, but does, costs its caller no more time and the calls beside it nothing.
func TestTime_Slow(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	pid := p.status().PID
	beside := make(chan error)
	go func() {
		_, err := p.Call(context.Background(), guesttest.Action("sleep", 2500)) // until after the other would have been given up
		beside <- err
	}()
	c := guesttest.Action("stubborn", 600) // milliseconds
	c.Limits.Wall = 100 * time.Millisecond
	for range 3 {
		start := time.Now()
		_, err := p.Call(t.Context(), c)
		guesttest.WantFault(t, err, abi.Timeout, "within its wall limit of 100ms")
		took(t, start, c.Limits.Wall+grace)
	}
	if err := <-beside; err != nil {
		t.Errorf("the call beside them: %v", err)
	}
	if s := p.status(); s.PID != pid || s.Deaths != 0 {
		t.Errorf("%+v, want no death", s)
	}
}

// TestTime_Stopped: a process that had no time to read a call before the host gave it up has not hung.
func TestTime_Stopped(t *testing.T) {
	t.Parallel()
	for range 5 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			p := newRing(t)
			pid := p.status().PID
			begun, release, beside := make(chan bool), make(chan bool), make(chan error)
			go func() {
				c := guesttest.Action("http", 1)
				c.HTTP = func(context.Context, abi.Request) abi.Response {
					begun <- true
					<-release
					return abi.Response{Status: 200}
				}
				_, err := p.Call(context.Background(), c)
				beside <- err
			}()
			<-begun
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(300*time.Millisecond, func() { syscall.Kill(pid, syscall.SIGCONT) })
			c := guesttest.Action("sleep", 60_000)
			c.Limits.Wall = 50 * time.Millisecond
			_, err := p.Call(t.Context(), c)
			guesttest.WantFault(t, err, abi.Timeout, "within its wall limit of 50ms")
			<-time.After(patience + soon) // by then it would be killed
			close(release)
			if err := <-beside; err != nil {
				t.Errorf("the call beside it: %v", err)
			}
			if s := p.status(); s.PID != pid || s.Deaths != 0 {
				t.Fatalf("%+v, want no death", s)
			}
			if n := p.worker.unended(); n != 1 {
				t.Errorf("%d streams have not ended, want the one that is idle", n)
			}
		})
	}
}

// TestEnded: a stream ends once, and one that has ended is not waited for.
func TestEnded(t *testing.T) {
	t.Parallel()
	timer := time.NewTimer(time.Hour)
	w := &worker{streams: map[uint64]*time.Timer{1: nil, 2: timer}}
	for i, c := range []struct {
		number uint64
		want   bool
	}{{0, false}, {1, true}, {1, false}, {2, true}, {2, false}, {3, false}} {
		if got := w.ended(c.number); got != c.want {
			t.Errorf("%d: stream %d ends: %v, want %v", i, c.number, got, c.want)
		}
	}
	if timer.Stop() {
		t.Error("the process would be killed for a stream that has ended")
	}
	w.expectEnd(2)
	if w.unended() > 0 {
		t.Error("a stream that has ended is waited for")
	}
}

func (w *worker) unended() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.streams)
}

// TestTime_Handler: a request that is under way when the time ends is not waited for by the guest either.
func TestTime_Handler(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	c := guesttest.Action("http", 2)
	c.Limits.Wall = 100 * time.Millisecond
	served := 0
	c.HTTP = func(ctx context.Context, _ abi.Request) abi.Response {
		served++
		<-ctx.Done()
		return abi.Response{Status: 200}
	}
	start := time.Now()
	o, err := p.Call(t.Context(), c)
	took(t, start, c.Limits.Wall)
	if err == nil && o.Result.Status != abi.StatusDone || served != 1 {
		t.Errorf("got %+v, %v, served %d times; want the second request to be refused", o.Result, err, served)
	}
	if s := p.status(); s.Deaths > 0 {
		t.Errorf("%+v", s)
	}
}

// TestTime_Over: a call whose time is over before it has begun.
func TestTime_Over(t *testing.T) {
	t.Parallel()
	p := newRing(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.Call(ctx, guesttest.Action("echo", 1))
	guesttest.WantFault(t, err, abi.Canceled, "cancelled by its caller")
}

// TestTime_SilentChild: the host needs no answer of a child that was taken over.
func TestTime_SilentChild(t *testing.T) {
	t.Parallel()
	p := load1(t, "hostile", module{}, nil)
	c := guesttest.Action("silent", 1)
	c.Limits.Wall = 100 * time.Millisecond
	start := time.Now()
	_, err := p.Call(t.Context(), c)
	guesttest.WantFault(t, err, abi.Timeout, "within its wall limit of 100ms")
	took(t, start, c.Limits.Wall+grace)
}
