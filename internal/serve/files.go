package serve

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"

	"kopiyka/internal/clock"
)

// files are a certificate and its key, read anew when they change.
type files struct {
	cert, key, host string
	now             clock.Clock
	log             *slog.Logger
	ends            ends

	mu      sync.Mutex
	looked  [2]string // the two files, as they were when they were last read
	current *tls.Certificate
}

// openFiles reads the pair, which must be whole: later ones have a former one to fall back on.
func openFiles(cert, key, host string, now clock.Clock, log *slog.Logger) (*files, error) {
	f := &files{cert: cert, key: key, host: host, now: now, log: log, ends: ends{now: now, log: log}}
	f.looked = f.look()
	var err error
	if f.current, err = f.read(); err != nil {
		return nil, fmt.Errorf("KOPIYKA_TLS_CERT and KOPIYKA_TLS_KEY: %w", err)
	}
	return f, nil
}

// get is the pair of now. A new one that cannot be used is told once, and the former serves
// on: who renews writes one file after the other, and may be in between.
func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.look(); now != f.looked {
		f.looked = now
		fresh, err := f.read()
		if err != nil {
			f.log.Error("the site's new certificate cannot be used, the former one stays", "error", err)
		} else {
			f.current = fresh
			f.log.Info("the site's certificate is a new one", "ends", fresh.Leaf.NotAfter)
		}
	}
	f.ends.look(f.current.Leaf)
	return f.current, nil
}

// look tells of the two files what changes when they are written.
func (f *files) look() (both [2]string) {
	for i, name := range []string{f.cert, f.key} {
		if info, err := os.Stat(name); err == nil {
			both[i] = fmt.Sprint(info.ModTime().UnixNano(), info.Size())
		}
	}
	return both
}

func (f *files) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	var unread *fs.PathError
	if errors.As(err, &unread) {
		return nil, fmt.Errorf("a file cannot be read: %w", unread.Err)
	}
	if err != nil {
		return nil, errors.New("they are no certificate in PEM with its own key")
	}
	if err := pair.Leaf.VerifyHostname(f.host); err != nil {
		return nil, fmt.Errorf("it is not for the host of KOPIYKA_URL: %w", err)
	}
	if now := f.now(); now.Before(pair.Leaf.NotBefore) || now.After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("it holds from %s to %s alone", pair.Leaf.NotBefore, pair.Leaf.NotAfter)
	}
	return &pair, nil
}
