package egress

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestCertificateProblem(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"another name":    x509.HostnameError{Certificate: &x509.Certificate{}},
		"an authority":    x509.UnknownAuthorityError{},
		"expired":         x509.CertificateInvalidError{Reason: x509.Expired},
		"not valid for a": x509.CertificateInvalidError{Reason: x509.IncompatibleUsage},
		"does not speak":  tls.RecordHeaderError{},
		"TLS 1.2":         errors.New("remote error"),
	} {
		if got := certificateProblem(fmt.Errorf("dial: %w", err)); !strings.Contains(got, want) {
			t.Errorf("%T: got %q, want %q in it", err, got, want)
		}
	}
}

func TestAlerted(t *testing.T) {
	t.Parallel()
	if !alerted(fmt.Errorf("read: %w", &net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")})) {
		t.Error("an alert of the server is not known")
	}
	if alerted(&net.OpError{Op: "local error"}) || alerted(errors.New("remote error")) {
		t.Error("another error counts as the server's alert")
	}
}
