package serve

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"sync"
	"time"

	"kopiyka/internal/clock"
)

// suites are those of TLS 1.2 that keep what was said secret when a key is found out later,
// and that judge what they decrypt. TLS 1.3 has no others. Go takes the one that both sides
// are best at.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
}

// finder finds the certificate for a visitor.
type finder func(*tls.ClientHelloInfo) (*tls.Certificate, error)

// configOf is how the house speaks TLS: 1.3 with whoever knows it, 1.2 with others, and with
// nobody else.
func configOf(get finder) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: suites, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: get}
}

// soonOver is how long before its end a certificate should have been replaced, whoever
// replaces it. A short one has a quarter of its life.
const soonOver = 7 * 24 * time.Hour

// ends watches for a certificate that nobody renews.
type ends struct {
	now clock.Clock
	log *slog.Logger
	mu  sync.Mutex
	day time.Time // on which it was last said
}

// look says once a day that the end is near.
func (e *ends) look(leaf *x509.Certificate) {
	left := leaf.NotAfter.Sub(e.now())
	if left > min(soonOver, leaf.NotAfter.Sub(leaf.NotBefore)/4) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if today := clock.Day(e.now()); !today.Equal(e.day) {
		e.day = today
		e.log.Error("the site's certificate is not renewed", "ends", leaf.NotAfter)
	}
}
