package egress

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"patchbay/abi"

	"github.com/google/go-cmp/cmp"
)

// authority signs the certificates of the tests. They are valid in synctest's time too, which begins in 2000.
var authority = sync.OnceValue(func() *tls.Certificate {
	return certify(&x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}, nil)
})

// certify makes a certificate; without an authority it signs itself.
func certify(template *x509.Certificate, by *tls.Certificate) *tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template.SerialNumber = big.NewInt(1)
	template.NotBefore, template.NotAfter = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)
	parent, signer := template, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(authority().Leaf)
	return pool
}

// clientCertificate is one for a client of that name.
func clientCertificate(name string) *tls.Certificate {
	return certify(&x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, authority())
}

var serverCertificate = sync.OnceValue(func() *tls.Certificate {
	return certify(&x509.Certificate{DNSNames: []string{"*.example.com"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, authority())
})

// serverTLS is a server's configuration for names under example.com and 127.0.0.1.
func serverTLS() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{*serverCertificate()}, SessionTicketsDisabled: true}
}

// mutual is a server on loopback that asks for a client certificate and answers with its name and the protocol.
func mutual(t *testing.T, http2 bool) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.PeerCertificates[0].Subject.CommonName, " ", r.Proto)
	}))
	srv.TLS = serverTLS()
	srv.TLS.ClientAuth, srv.TLS.ClientCAs = tls.RequireAndVerifyClientCert, roots()
	srv.EnableHTTP2 = http2
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	for proto, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		srv := mutual(t, http2)
		c := New(Config{RootCAs: roots()})
		t.Cleanup(c.Close)
		with := func(cert *tls.Certificate) abi.Response {
			p := private(srv.URL)
			p.Certificate = cert
			r, told := c.Do(t.Context(), get(srv.URL), p)
			if told.Authorized != (cert != nil) {
				t.Errorf("with the certificate %v: %+v", cert, told)
			}
			return r
		}
		one, two := clientCertificate("one"), clientCertificate("two")
		for _, name := range []string{"one", "two", "one", ""} {
			r := with(map[string]*tls.Certificate{"one": one, "two": two}[name])
			if name == "" { // after connections with certificates were opened
				wantFault(t, r, abi.Unavailable, srv.Listener.Addr().String())
				continue
			}
			wantStatus(t, r, 200)
			if got := string(r.Body); got != name+" "+proto {
				t.Errorf("as %s: the server saw %q", name, got)
			}
		}
		stranger := certify(&x509.Certificate{Subject: pkix.Name{CommonName: "stranger"}}, nil)
		wantFault(t, with(stranger), abi.Unavailable)
	}
}

// A client certificate is a credential: it goes where the credential goes.
func TestCertificate_StaysAtItsOrigin(t *testing.T) {
	t.Parallel()
	srv := mutual(t, true)
	from := record(t, redirectTo(http.StatusFound, srv.URL))
	c := New(Config{RootCAs: roots()})
	t.Cleanup(c.Close)
	p := private(srv.URL, from.URL)
	p.Certificate = clientCertificate("one")
	wantFault(t, reply(c.Do(t.Context(), get(from.URL), p)), abi.Unavailable)
	p.Grants[0].Authenticated = false
	wantFault(t, reply(c.Do(t.Context(), get(srv.URL), p)), abi.Unavailable)
	p.Grants[0].Authenticated = true
	wantStatus(t, reply(c.Do(t.Context(), get(srv.URL), p)), 200)
}

func TestPool_KeepsAFewTransports(t *testing.T) {
	t.Parallel()
	p := newPool(Config{})
	first := p.get(true, nil)
	for i := range 2 * maxTransports {
		p.get(false, &tls.Certificate{Certificate: [][]byte{{byte(i)}}})
		if p.get(true, nil) != first {
			t.Fatal("a transport that is in use was given up")
		}
	}
	if len(p.lanes) != maxTransports {
		t.Errorf("%d transports, want %d", len(p.lanes), maxTransports)
	}
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(nil)
	var together sync.WaitGroup
	together.Add(8)
	rec := &recorder{Server: srv}
	srv.Config.Handler = rec.wrap(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/together" {
			together.Done()
			together.Wait()
		}
		w.Header().Set("Trailer", "X-Trailer")
		fmt.Fprint(w, r.Proto, " ", r.RemoteAddr)
		w.Header().Set("X-Trailer", "late")
	})
	srv.TLS = serverTLS()
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	c := New(Config{RootCAs: roots()})
	t.Cleanup(c.Close)
	p := credential(private(srv.URL))

	r := reply(c.Do(t.Context(), abi.Request{Method: "POST", URL: srv.URL + "/a%2Fb?q=1;2", Body: []byte("body"),
		Headers: map[string][]string{"X-Multi": {"a", "b"}}}, p))
	wantStatus(t, r, 200)
	if strings.Fields(string(r.Body))[0] != "HTTP/2.0" || r.Headers["X-Trailer"] != nil || r.Headers["Trailer"] != nil {
		t.Errorf("got %s with %v, want HTTP/2.0 and no trailers", r.Body, r.Headers)
	}
	got := rec.requests()[0]
	if diff := cmp.Diff([]string{"a", "b"}, got.header["X-Multi"]); diff != "" || got.body != "body" || got.uri != "/a%2Fb?api_key=hunter2%2FS3CR3T%2Bkey" || !holds(got) {
		t.Errorf("the server saw %+v", got)
	}
	// Eight at once, which the server holds back until all have come, share the connection.
	peers := make([]string, 8)
	var wait sync.WaitGroup
	for i := range peers {
		wait.Go(func() { peers[i] = string(reply(c.Do(t.Context(), get(srv.URL+"/together"), p)).Body) })
	}
	wait.Wait()
	for _, peer := range peers {
		if peer != string(r.Body) {
			t.Errorf("one came as %q, the first as %q", peer, r.Body)
		}
	}
}

// Connections under another guard or to another name are not shared, whatever the certificate covers.
func TestHTTP2_ConnectionsAreNotShared(t *testing.T) {
	t.Parallel()
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto, r.Host) })
	n := &network{
		names:   map[string][][]string{"api.example.com": {{"10.0.0.1"}}, "www.example.com": {{public}}, "web.example.com": {{public}}},
		servers: map[string]http.Handler{"10.0.0.1:443": hello, public + ":443": hello},
	}
	c := n.client(t)
	for range 2 {
		wantStatus(t, reply(c.Do(t.Context(), get("https://api.example.com/"), private("https://api.example.com"))), 200)
		wantFault(t, reply(c.Do(t.Context(), get("https://api.example.com/"), open("https://api.example.com"))), abi.Forbidden)
		for _, host := range []string{"www.example.com", "web.example.com"} {
			r := reply(c.Do(t.Context(), get("https://"+host+"/"), open("https://"+host)))
			wantStatus(t, r, 200)
			if string(r.Body) != "HTTP/2.0"+host {
				t.Errorf("%s answered %q", host, r.Body)
			}
		}
	}
	if diff := cmp.Diff([]string{"10.0.0.1:443", public + ":443", public + ":443"}, n.dials()); diff != "" {
		t.Errorf("dialled (-want +got):\n%s", diff)
	}
}
