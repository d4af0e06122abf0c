package quota

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"sync"
	"time"

	"patchbay/abi"
)

// Store keeps the records that processes share. A state.Bucket is one.
type Store interface {
	// GetRevision returns a record and its revision. A missing one matches fs.ErrNotExist.
	GetRevision(ctx context.Context, key string) ([]byte, uint64, error)
	// Create writes a record that is not there yet; otherwise the error matches fs.ErrExist.
	Create(ctx context.Context, key string, value []byte) error
	// Update replaces the record that has this revision; for the error of any other, Config.IsConflict is true.
	Update(ctx context.Context, key string, value []byte, revision uint64) error
	// Keys returns the keys that begin with prefix.
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// Config says where the buckets are kept.
type Config struct {
	// Store shares the buckets with other processes. Nil keeps them in this one.
	Store Store
	// IsConflict tells the error of an Update that lost a race. Required with a Store.
	IsConflict func(error) bool
	// Logger gets what goes wrong with the store when no caller waits. Nil discards it.
	Logger *slog.Logger
}

// Bucket is a limit that a vendor sets, as declared. Buckets of the same Key are the same bucket; of its
// declarations the last one counts. A zero limit is none.
type Bucket struct {
	// Key names the bucket among all: what the limit is counted by.
	Key string
	// ID is the quota's name in the manifest, for messages.
	ID string
	// Requests in any span of Per. Both or none.
	Requests int
	Per      time.Duration
	// Burst makes it a leaky bucket of that size, which leaks Requests in Per.
	Burst int
	// Concurrency is how many requests there may be at the same time.
	Concurrency int
	// Response headers, see the package comment. Empty: none.
	RemainingHeader, ResetHeader, CostHeader string
}

// Priority orders claims.
type Priority int

// Priorities. The zero value is Interactive.
const (
	Interactive Priority = iota // somebody waits for the answer
	Bulk
	priorities // how many there are
)

// Claim says who asks for a slot.
type Claim struct {
	// Connection takes turns with the other connections that wait.
	Connection string
	Priority   Priority
}

// Quotas holds buckets. Its methods may be called from several goroutines. Close it.
type Quotas struct {
	store      Store // nil: this process alone
	isConflict func(error) bool
	log        *slog.Logger
	process    string // among the holders of records

	wake    chan struct{} // tells the pump that there is something to do
	closing chan struct{}
	done    chan struct{}      // closed when the pump has ended
	stop    context.CancelFunc // ends what the pump does with the store

	mu      sync.Mutex // guards the rest, and all ledgers, lanes and claims
	closed  bool
	ledgers map[string]*ledger
	lanes   map[string]*lane
	sweepAt int     // forget idle ledgers when there are so many
	turns   uint64  // counts who was served when
	alarm   instant // when the pump wakes by itself; 0: never
}

// New returns quotas without any bucket; the first claim for a bucket makes it.
func New(cfg Config) *Quotas {
	q := &Quotas{
		store:      cfg.Store,
		isConflict: cfg.IsConflict,
		log:        cfg.Logger,
		process:    newProcess(),
		wake:       make(chan struct{}, 1),
		closing:    make(chan struct{}),
		done:       make(chan struct{}),
		ledgers:    map[string]*ledger{},
		lanes:      map[string]*lane{},
		sweepAt:    1024,
	}
	if q.log == nil {
		q.log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	q.stop = stop
	go q.pump(ctx)
	return q
}

func newProcess() string {
	var id [8]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// Acquire takes a slot in each of the buckets, all at the same time, and waits until it can. The ticket must be
// released. No buckets need no waiting.
//
// The error is an [abi.Fault]: rate_limited with retry_after if ctx's deadline comes before the slot, which is
// known at once if the vendor says or the window shows it; canceled if ctx was; unavailable if the store fails or
// the quotas are closed; internal for a bucket that makes no sense.
func (q *Quotas) Acquire(ctx context.Context, buckets []Bucket, c Claim) (*Ticket, error) {
	if len(buckets) == 0 {
		return &Ticket{}, nil
	}
	if fault := check(buckets, c); fault != nil {
		return nil, fault
	}
	cl, t, fault := q.enter(ctx, buckets, c)
	if fault != nil {
		return nil, fault
	}
	if t != nil {
		return t, nil
	}
	select {
	case <-cl.done:
	case <-ctx.Done():
		q.leave(cl, ctx.Err())
	}
	if cl.fault != nil {
		return nil, cl.fault
	}
	return cl.ticket, nil
}

// enter takes the slots if they are there and nobody waits for them, and else queues a claim.
func (q *Quotas) enter(ctx context.Context, buckets []Bucket, c Claim) (*claim, *Ticket, *abi.Fault) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, nil, errClosed()
	}
	t := &Ticket{quotas: q, ledgers: q.open(buckets)}
	if err := ctx.Err(); err != nil {
		return nil, nil, gaveUp(err, t.ledgers, now())
	}
	if q.store == nil && takeIdle(t.ledgers, c.Priority, now()) {
		return nil, t, nil
	}
	cl := q.enqueue(ctx, t, c)
	q.attend(t.ledgers...)
	return cl, nil, nil
}

// Pause stops the buckets of these keys for d, for all who share them; a pause that is there already and ends later
// stays. It is at most 24 hours.
func (q *Quotas) Pause(keys []string, d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || d <= 0 {
		return
	}
	at := now()
	for _, key := range keys {
		l := q.ledger(key)
		l.pending = append(l.pending, change{at: at, pause: at.add(min(d, longestPause))})
		q.attend(l)
	}
}

// Close writes what was released to the store, ends the quotas and waits for it, 3 seconds at most; claims that wait
// fail. What has not been released stays taken until its lease ends.
func (q *Quotas) Close() {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		for _, l := range q.ledgers {
			q.fail(l, errClosed())
		}
		close(q.closing)
	}
	q.mu.Unlock()
	patience := time.AfterFunc(closeTimeout, q.stop)
	defer patience.Stop()
	<-q.done
}
