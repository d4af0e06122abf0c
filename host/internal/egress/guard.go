package egress

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"code.dny.dev/ssrf"
)

// never are addresses that not even an admin can allow: cloud metadata services inside otherwise allowed or
// public ranges (Azure's wire server, Alibaba, AWS and Google over IPv6).
var never = []netip.Prefix{
	netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("100.100.100.200/32"),
	netip.MustParsePrefix("fd00:ec2::/32"),
	netip.MustParsePrefix("fd20:ce::/32"),
}

// guard decides which addresses may be dialled. Link-local, multicast, reserved and IPv4-embedding ranges are in
// ssrf's own lists; it takes an IPv4-mapped address for IPv6, so those are unmapped here and judged as IPv4.
type guard struct {
	guardian *ssrf.Guardian
}

// newGuard returns the guard for public addresses, or the one for origins that an admin allowed to be private.
func newGuard(private bool) guard {
	options := []ssrf.Option{ssrf.WithAnyPort()} // grants decide about ports
	if private {
		options = append(options,
			ssrf.WithAllowedV4Prefixes(
				netip.MustParsePrefix("10.0.0.0/8"),
				netip.MustParsePrefix("100.64.0.0/10"),
				netip.MustParsePrefix("127.0.0.0/8"),
				netip.MustParsePrefix("172.16.0.0/12"),
				netip.MustParsePrefix("192.168.0.0/16")),
			ssrf.WithAllowedV6Prefixes(
				netip.MustParsePrefix("::1/128"),
				netip.MustParsePrefix("fc00::/7")))
	}
	return guard{ssrf.New(options...)}
}

// check returns an error when addr may not be dialled.
func (g guard) check(addr netip.Addr) error {
	addr = addr.Unmap()
	for _, p := range never {
		if p.Contains(addr.WithZone("")) {
			return fmt.Errorf("%s is a metadata service", addr)
		}
	}
	return g.guardian.SafeAddr(addr)
}

// dialer returns the system's dialler under the guard. GODEBUG could turn MPTCP on, whose later subflows Control
// does not see.
func (g guard) dialer() *net.Dialer {
	d := &net.Dialer{Control: g.control}
	d.SetMultipathTCP(false)
	return d
}

// control is a [net.Dialer]'s Control: the last look, at the address that the system is about to connect to.
func (g guard) control(network, address string, conn syscall.RawConn) error {
	if err := g.guardian.Safe(network, address, conn); err != nil {
		return err
	}
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return g.check(addr.Addr())
}
