package serve

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
	"kopiyka/internal/outward"
)

// acmeProtocol is what an authority speaks when it looks whether the site is ours.
const acmeProtocol = acme.ALPNProto

// Folder holds what the authority has issued, below the data folder.
const Folder = "certificates"

// automatic gets certificates for the site's host, and no other, of an authority, and renews
// them.
type automatic struct {
	manager *autocert.Manager
	host    string
	log     *slog.Logger
	ends    ends

	mu     sync.Mutex
	failed bool // and it was said
}

// authorityPatience is how long the authority may take for one answer.
const authorityPatience = time.Minute

func openAutomatic(c config.Config, now clock.Clock, log *slog.Logger) (*automatic, error) {
	places, err := outward.To(c.ACMEDirectory)
	if err != nil {
		return nil, fmt.Errorf("KOPIYKA_TLS_ACME_DIRECTORY: %w", err)
	}
	folder := filepath.Join(c.Data, Folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of certificates: %w", err)
	}
	if err := os.Chmod(folder, 0o700); err != nil { // it may have been there
		return nil, fmt.Errorf("close the folder of certificates: %w", err)
	}
	contact := c.ACME
	if contact == config.ACMEWithoutContact {
		contact = ""
	}
	m := &autocert.Manager{
		Prompt: autocert.AcceptTOS, // whoever sets KOPIYKA_TLS_ACME has
		Cache:  autocert.DirCache(folder), HostPolicy: only(c.Host()), Email: contact,
		Client: &acme.Client{DirectoryURL: c.ACMEDirectory, HTTPClient: places.Client(authorityPatience), UserAgent: "kopiyka"},
	}
	return &automatic{manager: m, host: c.Host(), log: log, ends: ends{now: now, log: log}}, nil
}

// only lets the site's own name have a certificate, at whatever port it is asked for.
func only(host string) autocert.HostPolicy {
	listed := autocert.HostWhitelist(host)
	return func(ctx context.Context, asked string) error {
		if name, _, err := net.SplitHostPort(asked); err == nil {
			asked = name
		}
		return listed(ctx, asked)
	}
}

// get is the certificate of now. The first visitor of all may wait until it is issued.
func (a *automatic) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	cert, err := a.manager.GetCertificate(hello)
	if !strings.EqualFold(hello.ServerName, a.host) || len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == acmeProtocol {
		return cert, err // who looks for another site, and the authority itself
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil && !a.failed {
		a.log.Error("there is no certificate for the site", "error", err)
	}
	if a.failed = err != nil; !a.failed && cert.Leaf != nil {
		a.ends.look(cert.Leaf)
	}
	return cert, err
}

// askAgain is how long after a failure the authority is asked again by ourselves. It counts
// failures, and a visitor may have it asked before.
const askAgain = time.Hour

// obtain asks for the certificate before the first visitor does, until there is one. From
// then on it is renewed by itself.
func (a *automatic) obtain(ctx context.Context) {
	modern := &tls.ClientHelloInfo{
		ServerName: a.host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, SupportedCurves: []tls.CurveID{tls.CurveP256},
	}
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for {
		asked := make(chan error, 1)
		go func() { _, err := a.get(modern); asked <- err }() // it hears of no context, and ends by itself
		select {
		case err := <-asked:
			if err == nil {
				return
			}
		case <-ctx.Done():
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}
