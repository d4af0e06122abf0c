package main

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"patchbay/audit"
	"patchbay/internal/cli"
	"patchbay/state"
)

// audited appends a number of calls to the home's audit log: audited 3
func audited(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: audited COUNT")
	}
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	home := ts.Getenv("PATCHBAY_HOME")
	ts.Check(withAuditBucket(home, func(ctx context.Context, b *state.Bucket) error {
		log, err := audit.Open(ctx, audit.Config{Store: b, KeyFile: cli.AuditKeyFile(home), Checkpoint: cli.AuditCheckpointFile(home), Actor: "ada"})
		if err != nil {
			return err
		}
		for i := range count {
			err = errors.Join(err, log.Append(ctx, audit.Entry{
				Kind: audit.Run, Connector: "tallyfy", Version: "0.1.0", Operation: "launch_process", Connection: "acme", Call: strconv.Itoa(i),
				Egress: []audit.Egress{{Grant: "api", Method: "POST", Host: "api.example.com", Status: 201, Count: 2, Authorized: true}},
			}))
		}
		return errors.Join(err, log.Close())
	}))
}

// tampered replaces text in a chunk of the home's audit log, or deletes it: tampered KEY OLD NEW, tampered KEY
func tampered(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 && len(args) != 1 {
		ts.Fatalf("usage: tampered KEY [OLD NEW]")
	}
	ts.Check(withAuditBucket(ts.Getenv("PATCHBAY_HOME"), func(ctx context.Context, b *state.Bucket) error {
		if len(args) == 1 {
			return b.Delete(ctx, args[0])
		}
		data, err := b.Get(ctx, args[0])
		if err != nil {
			return err
		}
		if !bytes.Contains(data, []byte(args[1])) {
			return errors.New("the chunk holds no " + args[1])
		}
		return b.Put(ctx, args[0], bytes.Replace(data, []byte(args[1]), []byte(args[2]), 1))
	}))
}

func withAuditBucket(home string, use func(context.Context, *state.Bucket) error) error {
	ctx := context.Background()
	s, err := state.Open(ctx, state.Config{Dir: cli.StateDir(home)})
	if err != nil {
		return err
	}
	b, err := s.Bucket(ctx, "audit")
	if err == nil {
		err = use(ctx, b)
	}
	return errors.Join(err, s.Close())
}
