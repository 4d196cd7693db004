// Package embedded boots a private PostgreSQL for the demo and for tests, so
// that neither asks the reader to set up a server.
//
// A cluster lives in one directory, is reached through a unix socket only, and
// belongs to the process that holds the directory's lock: that process starts
// and stops it, and every other process of ours is a client. Nothing here
// installs PostgreSQL, moves a cluster to another major version, or deletes
// one.
package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Role and database that every cluster has. The role owns the cluster.
const (
	role     = "kopiyka"
	database = "kopiyka"
)

// startLimit ends a start that hangs although its caller would wait for ever.
const startLimit = 2 * time.Minute

// Options say where the cluster lives and what runs it.
type Options struct {
	// State is the directory that holds the cluster, its password and its
	// lock. It is made when it is missing.
	State string
	// NodeModules are folders that may hold @embedded-postgres.
	NodeModules []string
	// Durable keeps every commit through a power cut. Without it the cluster
	// is much faster and outlives a killed process, but not a killed machine.
	Durable bool
	// Major is the only major version to use. Zero takes the best one found;
	// a cluster that exists already keeps the version that made it.
	Major int
	// Settings are further server settings, such as max_connections.
	Settings map[string]string
	// ReadyMade is a directory of empty clusters. A cluster is copied from
	// there instead of made by initdb, and left there when it is the first of
	// its kind. For tests: copies share their password.
	ReadyMade string
	// Log hears which binaries won and which were passed over. Nil is silent.
	Log *slog.Logger
}

// Server is a running cluster, our own or that of another process of ours.
type Server struct {
	home     home
	password string
	source   string

	postmaster *postmaster // nil in a client
	lock       *ownerLock  // nil in a client
	stop       sync.Once
	stopErr    error
}

// Start returns once the cluster answers. The first process to come owns the
// cluster and must call Stop; a process that comes later is a client of it,
// and waits while the owner is still making the cluster.
//
// ctx bounds the start alone. The error names the remedies when no PostgreSQL
// was found, and the version needed when the cluster was made by another one.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	h, err := openHome(o.State)
	if err != nil {
		return nil, fmt.Errorf("prepare the state directory: %w", err)
	}
	for {
		// Lock and connection are tried in turn, because the owner may end
		// while we wait for it, and then it is our turn to own.
		lock, err := takeLock(h)
		if err != nil {
			return nil, fmt.Errorf("lock the cluster: %w", err)
		}
		if lock != nil {
			return own(ctx, o, h, lock)
		}
		s, err := join(ctx, h)
		if err == nil {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the process that owns the cluster in %s: %w", h.dir, err)
		case <-time.After(pollPause):
		}
	}
}

// own starts the cluster and takes the lock over: Stop releases it.
func own(ctx context.Context, o Options, h home, lock *ownerLock) (_ *Server, err error) {
	s := &Server{home: h, lock: lock}
	defer func() {
		if err != nil {
			_ = s.Stop() // its own error would only hide why the start failed
		}
	}()
	if h.movedFrom != "" {
		o.Log.Info("postgres: another user cannot enter the state directory, so the cluster lives elsewhere",
			"wanted", h.movedFrom, "state", h.dir)
	}
	bin, err := pick(ctx, o, h)
	if err != nil {
		return nil, err
	}
	s.source = bin.source()
	if len(bin.passedOver) > 0 {
		o.Log.Warn("postgres: fell back to other binaries", "source", s.source)
	}
	if s.password, err = ensureCluster(ctx, o, h, bin); err != nil {
		return nil, err
	}
	if err = h.makeSockets(); err != nil {
		return nil, err
	}
	if err = reap(ctx, h); err != nil {
		return nil, err
	}
	if s.postmaster, err = startPostmaster(o, h, bin); err != nil {
		return nil, err
	}
	if err = s.ready(ctx); err != nil {
		return nil, err
	}
	if err = createDatabase(ctx, h.dsn(s.password, "postgres")); err != nil {
		return nil, err
	}
	// For clients, and for whoever wonders later which PostgreSQL it was.
	if err = h.write("source", s.source); err != nil {
		return nil, err
	}
	o.Log.Info("postgres: ready", "source", s.source, "state", h.dir)
	return s, nil
}

// join connects to the cluster that another process of ours owns.
func join(ctx context.Context, h home) (*Server, error) {
	password, err := h.read("password")
	if err != nil {
		return nil, err
	}
	if err := h.checkSockets(); err != nil {
		return nil, err
	}
	if err := ping(ctx, h.dsn(password, database)); err != nil {
		return nil, err
	}
	source, err := h.read("source")
	if err != nil {
		return nil, err
	}
	return &Server{home: h, password: password, source: source}, nil
}

// DSN is the address of the database kopiyka, as the role that owns it.
func (s *Server) DSN() string { return s.DSNFor(database) }

// DSNFor is the address of another database of the same cluster.
func (s *Server) DSNFor(database string) string { return s.home.dsn(s.password, database) }

// Source says whose binaries run the cluster, in which version, and which
// better ones were passed over for what reason.
func (s *Server) Source() string { return s.source }

// Owner tells whether this process started the cluster.
func (s *Server) Owner() bool { return s.lock != nil }

// State is the directory the cluster really lives in. It differs from the one
// asked for when the server's user could not have entered that one.
func (s *Server) State() string { return s.home.dir }

// Moved reports whether the cluster lives elsewhere than it was asked to, because the
// server's user cannot go there.
func (s *Server) Moved() bool { return s.home.movedFrom != "" }

// Done is closed when the server has ended, by Stop or by itself. A client
// cannot know: its channel is nil.
func (s *Server) Done() <-chan struct{} {
	if s.postmaster == nil {
		return nil
	}
	return s.postmaster.gone
}

// Stop disconnects everybody, shuts the cluster down and lets the next process
// own it. In a client it does nothing. A second call waits for the first and
// returns its result.
func (s *Server) Stop() error {
	s.stop.Do(func() {
		if s.postmaster != nil {
			s.stopErr = s.postmaster.shutDown()
			s.home.removeSockets()
		}
		if s.lock != nil {
			s.lock.release()
		}
	})
	return s.stopErr
}
