package main

import (
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"patchbay/abi"
	"patchbay/audit"
	"patchbay/bundle"
	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/vault"
	"patchbay/wasm"
)

func newRoot(s *cli.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "host",
		Short: "Install and run connectors",
		Long: `host installs connectors from a registry and runs their operations in a sandbox, with credentials that the
connectors never see.

Exit codes: 0 done, 1 error, 2 wrong usage, 3 findings, 4 not found, 5 not trusted, 130 interrupted.
PATCHBAY_HOME names the folder that holds everything it keeps; it defaults to ~/.patchbay.`,
		Example: `  # the whole of it in one go, on vendors that run on this machine
  $ host demo

  # a connector of your own
  $ host install hello
  $ host run hello.greet --input '{"name": "Ada"}'`,
	}
	root.AddCommand(newSearch(s), newInfo(s), newInstall(s), newList(s), newUninstall(s),
		newConnect(s), newConnections(s), newDisconnect(s), newVault(s), newAudit(s), newRun(s), newTest(s), newQuota(s),
		newIsolate(s), newDoctor(s), newModule(s), newDemo(s), newVendor(s), newVersion(s))
	return root
}

// explain adds advice and an exit code to what the parts of the host say.
func explain(err error) error {
	var f *abi.Fault
	var module *wasm.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bundle.ErrUntrusted), errors.Is(err, bundle.ErrCorrupt):
		return cli.Advise(cli.WithExit(err, cli.ExitNotTrusted), "nothing was installed or run; ask the publisher, or install another version")
	case errors.Is(err, audit.ErrTampered):
		return cli.Advise(cli.WithExit(err, cli.ExitFindings), "nothing is recorded in a log that was tampered with, so nothing is done; see 'host audit verify'")
	case errors.Is(err, vault.ErrSealed):
		return cli.Advise(err, "put the master key back that sealed it, or the state, from a backup; else remove it with 'host disconnect' and connect again")
	case errors.Is(err, vault.ErrGivenKey):
		return cli.Advise(err, masterKeyAdvice)
	case errors.Is(err, host.ErrNoTest):
		return cli.WithExit(err, cli.ExitNotFound)
	case errors.As(err, &f):
		return cli.Advise(err, advice[f.Code])
	case errors.As(err, &module):
		return cli.WithExit(err, cli.ExitNotTrusted)
	case errors.Is(err, host.ErrAmbiguous):
		return cli.Advise(cli.WithExit(err, cli.ExitUsage), "say which one")
	case errors.Is(err, fs.ErrNotExist):
		return cli.Advise(err, "'host list' shows what is installed, 'host search' what can be, 'host connections' what is connected")
	}
	return err
}

// advice says, for each fault code, who can do what about it.
var advice = map[abi.Code]string{
	abi.InvalidInput:  "correct the input; 'host info CONNECTOR' shows what each action takes",
	abi.Unauthorized:  "the vendor refused the credential: make a new one and run 'host connect' again",
	abi.Forbidden:     "the connected account, or the connector's grants, do not allow this; 'host info CONNECTOR' shows the grants",
	abi.NotFound:      "check the ids and names in the input",
	abi.Conflict:      "somebody else changed it, or it exists already: read it again before you repeat this",
	abi.RateLimited:   "the vendor's limit is reached: try again later",
	abi.Unavailable:   "try again later; if it is the vendor that did not answer, check its status page",
	abi.Timeout:       "it took too long: try again later, or ask for less at a time",
	abi.InDoubt:       "the vendor may have done it, its answer was lost: look before you repeat this",
	abi.LimitExceeded: "the call needed more than its limits allow: ask for less at a time",
	abi.Canceled:      "it was interrupted; what the vendor had done by then stays done",
	abi.Internal:      "this is a defect of the connector or the host: report it with the message above",
}
