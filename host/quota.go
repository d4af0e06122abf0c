package host

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"patchbay/host/internal/egress"
	"patchbay/host/internal/quota"
	"patchbay/manifest"
)

// Priority says who goes first where calls wait for each other.
type Priority = quota.Priority

// Priorities. The zero value is Interactive.
const (
	Interactive = quota.Interactive // somebody waits for the answer
	Bulk        = quota.Bulk
)

// QuotaStore shares the use of vendors' limits with the other processes on it. A missing key matches fs.ErrNotExist, one
// that is there already fs.ErrExist.
type QuotaStore interface {
	GetRevision(ctx context.Context, key string) ([]byte, uint64, error)
	Create(ctx context.Context, key string, value []byte) error
	Update(ctx context.Context, key string, value []byte, revision uint64) error
	Keys(ctx context.Context, prefix string) ([]string, error)
}

// Quota is the use of one of a vendor's limits at a moment. A limit that is zero is none.
type Quota = quota.State

// Quotas lists the limits that requests have counted in, by key.
func (h *Host) Quotas(ctx context.Context) ([]Quota, error) { return h.quotas.List(ctx) }

// How many calls of one connector run at the same time, and how many of them in bulk: so there is always room for
// somebody who waits.
const (
	maxCalls = 8
	maxBulk  = 6
)

// Patience is how long a call waits for a vendor's limits, unless it says otherwise.
const (
	interactivePatience = time.Minute
	bulkPatience        = 15 * time.Minute
)

func patienceOf(p Priority) time.Duration {
	if p == Bulk {
		return bulkPatience
	}
	return interactivePatience
}

// lanes are what a call of a connector takes a place in before its guest is called.
func lanes(connector string, p Priority) []quota.Bucket {
	list := []quota.Bucket{{Key: connector, ID: "calls", Concurrency: maxCalls}}
	if p == Bulk {
		list = append(list, quota.Bucket{Key: connector + " in bulk", ID: "bulk calls", Concurrency: maxBulk})
	}
	return list
}

// limit is one of the manifest's quotas, resolved for a connection.
type limit struct {
	manifest.Quota
	bucket quota.Bucket
	paths  []string
}

// limitsFor resolves a manifest's quotas. URLs are the base URLs by grant.
func limitsFor(m *manifest.Manifest, connection, app string, fields, urls map[string]string) ([]limit, error) {
	var list []limit
	for _, q := range m.Quotas {
		l := limit{Quota: q, bucket: quota.Bucket{
			ID: q.ID, Requests: q.Requests, Per: time.Duration(q.Per), Burst: q.Burst, Concurrency: q.Concurrency,
			RemainingHeader: q.RemainingHeader, ResetHeader: q.ResetHeader, CostHeader: q.CostHeader,
		}}
		for _, p := range q.Paths {
			path, err := manifest.Expand(p, fields, manifest.EscapeURL)
			if err != nil {
				return nil, err
			}
			l.paths = append(l.paths, path)
		}
		var err error
		if l.bucket.Key, err = bucketKey(m, q, l.paths, connection, app, fields, urls); err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// bucketKey names what a quota counts by. Two connectors to one account share its buckets, whatever their authors
// called them: the key has the vendor's host, the account and what is counted.
func bucketKey(m *manifest.Manifest, q manifest.Quota, paths []string, connection, app string, fields, urls map[string]string) (string, error) {
	what := cmp.Or(manifest.Duration(q.Per).String(), "0s")
	if q.Requests == 0 {
		what = "at-once"
	}
	if len(q.Methods)+len(paths) > 0 {
		what += " " + strings.Join(append(slices.Sorted(slices.Values(q.Methods)), paths...), " ")
	}
	vendor := vendorHost(m, q, urls)
	switch q.Key {
	case "account":
		account, err := manifest.Expand(q.Account, fields, manifest.EscapeNone)
		return "account/" + vendor + "/" + url.PathEscape(account) + "/" + what, err
	case "app":
		return "app/" + vendor + "/" + url.PathEscape(cmp.Or(app, m.Ref())) + "/" + what, nil
	}
	return "connection/" + url.PathEscape(connection) + "/" + q.ID, nil
}

// vendorHost is the host of the first grant that a quota is about.
func vendorHost(m *manifest.Manifest, q manifest.Quota, urls map[string]string) string {
	for _, g := range m.HTTP {
		if len(q.Grants) == 0 || slices.Contains(q.Grants, g.ID) {
			return hostOf(urls[g.ID])
		}
	}
	return ""
}

// hostOf is the host of a URL, with its port. It has no path and no query, which may hold data.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// bucketsFor lists the buckets that a request counts in.
func (s *session) bucketsFor(o egress.Outgoing) []quota.Bucket {
	var list []quota.Bucket
	for _, l := range s.limits {
		if l.counts(o, s.view.URLs[o.Grant]) {
			list = append(list, l.bucket)
		}
	}
	return list
}

// unlimited is the bucket of requests that count in none: a vendor that asks one of a connection's requests to wait
// has all of them wait.
func (s *session) unlimited(o egress.Outgoing) []quota.Bucket {
	return []quota.Bucket{{Key: s.view.Name + " at " + hostOf(o.Origin), ID: "pauses"}}
}

func (l limit) counts(o egress.Outgoing, base string) bool {
	if len(l.Grants) > 0 && !slices.Contains(l.Grants, o.Grant) || len(l.Methods) > 0 && !slices.Contains(l.Methods, o.Method) {
		return false
	}
	if len(l.paths) == 0 {
		return true
	}
	u, err := url.Parse(base)
	if err != nil {
		return true
	}
	rest := strings.TrimPrefix(o.Path, strings.TrimSuffix(u.EscapedPath(), "/"))
	return slices.ContainsFunc(l.paths, func(p string) bool { return egress.Covers(p, rest) })
}

func keysOf(buckets []quota.Bucket) []string {
	keys := make([]string, 0, len(buckets))
	for _, b := range buckets {
		keys = append(keys, b.Key)
	}
	return keys
}
