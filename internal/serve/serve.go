// Package serve is where the house listens: over TLS with a certificate out of files or of
// an authority that issues them by itself (ACME), beside it in the clear for nothing but the
// way to https, or in the clear alone behind a proxy that speaks TLS. It knows how requests
// come in and end, and nothing of what they ask.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"kopiyka/internal/clock"
	"kopiyka/internal/config"
)

// Doors are the addresses that the house listens at. They belong to whoever opened them,
// until they are served.
type Doors struct {
	main  net.Listener
	tls   *tls.Config  // nil: in the clear
	aside net.Listener // in the clear beside TLS; nil: none

	plain    http.Handler                    // answers who comes without TLS and should not
	behind   func(http.Handler) http.Handler // stands before the house when it has no TLS of its own
	automate func(context.Context)           // gets the first certificate; nil: there is nothing to get
	log      *slog.Logger
}

// Open listens as the configuration says. It fails on a certificate that is not there, that
// is over, or that is another site's, before anybody is let in.
func Open(c config.Config, now clock.Clock, log *slog.Logger) (*Doors, error) {
	d := &Doors{plain: toHTTPS(c.URL), log: log}
	if err := d.certify(c, now); err != nil {
		return nil, err
	}
	if d.tls == nil && c.Secure() {
		networks, err := c.ProxyNetworks()
		if err != nil {
			return nil, err
		}
		d.behind = fromProxies(networks, c.PrivateNetwork, d.plain)
	}
	var err error
	if d.main, err = net.Listen("tcp", c.Addr); err != nil {
		return nil, fmt.Errorf("KOPIYKA_ADDR %s: %w", c.Addr, err)
	}
	if c.HTTPAddr == "" {
		return d, nil
	}
	if d.aside, err = net.Listen("tcp", c.HTTPAddr); err != nil {
		return nil, errors.Join(fmt.Errorf("KOPIYKA_HTTP_ADDR %s: %w", c.HTTPAddr, err), d.main.Close())
	}
	return d, nil
}

// On makes doors of a listener, in the clear: for a machine's own visitors.
func On(listener net.Listener, log *slog.Logger) *Doors { return &Doors{main: listener, log: log} }

// certify finds where certificates come from, if from anywhere.
func (d *Doors) certify(c config.Config, now clock.Clock) error {
	switch {
	case c.TLSCert != "":
		files, err := openFiles(c.TLSCert, c.TLSKey, c.Host(), now, d.log)
		if err != nil {
			return err
		}
		d.tls = configOf(files.get)
	case c.ACME != "":
		a, err := openAutomatic(c, now, d.log)
		if err != nil {
			return err
		}
		d.tls = configOf(a.get)
		d.tls.NextProtos = append(d.tls.NextProtos, acmeProtocol)
		d.plain, d.automate = a.manager.HTTPHandler(d.plain), a.obtain
	}
	return nil
}

// Addr is where the house is reached on this machine.
func (d *Doors) Addr() net.Addr { return d.main.Addr() }

// Close gives up doors that were never served.
func (d *Doors) Close() error {
	err := d.main.Close()
	if d.aside != nil {
		err = errors.Join(err, d.aside.Close())
	}
	return err
}

// stopTime is how long open requests may take to end.
const stopTime = 5 * time.Second

// Serve answers at all doors until ctx ends or one of them fails; then all close, and open
// requests may end.
func (d *Doors) Serve(ctx context.Context, house http.Handler) error {
	group, ctx := errgroup.WithContext(ctx)
	if d.behind != nil {
		house = d.behind(house)
	}
	server := d.server(house)
	server.TLSConfig = d.tls
	d.answer(ctx, group, server, func() error {
		if d.tls == nil {
			return server.Serve(d.main)
		}
		return server.ServeTLS(d.main, "", "") // the configuration has them
	})
	if d.aside != nil {
		aside := d.server(d.plain)
		d.answer(ctx, group, aside, func() error { return aside.Serve(d.aside) })
	}
	if d.automate != nil {
		group.Go(func() error { d.automate(ctx); return nil })
	}
	return group.Wait()
}

// server bounds what a visitor may take in time.
func (d *Doors) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: ended(handler), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
}

func (d *Doors) answer(ctx context.Context, group *errgroup.Group, server *http.Server, serve func() error) {
	group.Go(func() error {
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		if err := server.Shutdown(stopping); err != nil {
			return server.Close() // somebody holds on; the time is over
		}
		return nil
	})
}

// ended closes a connection after a message whose end could be read in two ways: with a body
// in pieces, beside which a length may have stood, and of HTTP/1.0, which knows no pieces. Go
// reads each in the one way that the standard has and forgets what else was said of it;
// whatever a proxy took for the next message is then read by nobody.
func ended(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && (r.ProtoMinor == 0 || len(r.TransferEncoding) > 0) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
