package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lib/pq"
)

// pollPause lies between two looks at something that tells us nothing by itself.
const pollPause = 20 * time.Millisecond

// postmaster is the server's first process.
type postmaster struct {
	*process
	log      string // its messages
	logStart int64  // where those of this run begin
	stopping atomic.Bool
}

func startPostmaster(o Options, h home, bin binaries) (*postmaster, error) {
	p := &postmaster{log: h.path("postgres.log")}
	f, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	defer f.Close()
	if err := h.give(p.log); err != nil {
		return nil, err
	}
	if p.logStart, err = f.Seek(0, io.SeekEnd); err != nil {
		return nil, err
	}
	cmd := command(context.Background(), h.as, filepath.Join(bin.dir, "postgres"), serverArgs(o, h)...)
	cmd.Stdout, cmd.Stderr = f, f
	cmd.SysProcAttr.Setpgid = true // Ctrl-C in a terminal reaches us, and we stop the server in order
	dieWithParent(cmd.SysProcAttr, syscall.SIGINT)
	if p.process, err = launch(cmd); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	go p.watch(o.Log)
	return p, nil
}

func serverArgs(o Options, h home) []string {
	settings := map[string]string{
		"listen_addresses":        "",
		"unix_socket_permissions": "0700",
		"max_connections":         "60",
		"shared_buffers":          "64MB",
		"log_destination":         "stderr",
		"logging_collector":       "off",
	}
	if !o.Durable {
		settings["fsync"] = "off"
		settings["synchronous_commit"] = "off"
		settings["full_page_writes"] = "off"
	}
	for name, value := range o.Settings {
		settings[name] = value
	}
	args := []string{"-D", h.cluster(), "-k", h.sockets, "-p", "5432"}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// watch tells when the server ends although nobody stopped it.
func (p *postmaster) watch(log *slog.Logger) {
	<-p.gone
	if !p.stopping.Load() {
		log.Error("postgres: ended by itself", "error", p.err, "log", p.log)
	}
}

// shutDown is the fast shutdown: connections are cut, the rest is written out.
// Only a server that does not come to an end is killed; it recovers at its
// next start.
func (p *postmaster) shutDown() error {
	p.stopping.Store(true)
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, 20 * time.Second}, {syscall.SIGQUIT, 5 * time.Second}, {syscall.SIGKILL, 5 * time.Second}} {
		_ = p.cmd.Process.Signal(step.signal) // fails when it has ended, which gone tells
		select {
		case <-p.gone:
			if p.err != nil {
				return fmt.Errorf("postgres ended badly: %w: see %s", p.err, p.log)
			}
			return nil
		case <-time.After(step.wait):
		}
	}
	return fmt.Errorf("postgres (process %d) does not end", p.cmd.Process.Pid)
}

// ready waits until the server answers, or has ended.
func (s *Server) ready(ctx context.Context) error {
	dsn := s.DSNFor("postgres")
	for {
		err := ping(ctx, dsn)
		if err == nil {
			return nil
		}
		// 57P03: it is starting up, or recovering. Any other word of the
		// server's own, such as a wrong password, will not change.
		if refused := (*pq.Error)(nil); errors.As(err, &refused) && refused.Code != "57P03" {
			return fmt.Errorf("connect to the cluster in %s: %w", s.home.dir, err)
		}
		select {
		case <-s.postmaster.gone:
			return fmt.Errorf("postgres ended at its start: %w: %s", s.postmaster.err, s.postmaster.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w: %s", ctx.Err(), s.postmaster.lastWords())
		case <-time.After(pollPause):
		}
	}
}

// lastWords are the last lines that this run has logged.
func (p *postmaster) lastWords() string {
	f, err := os.Open(p.log)
	if err != nil {
		return "its log cannot be read: " + err.Error()
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return "its log cannot be read: " + err.Error()
	}
	const enough = 2000
	from := max(p.logStart, st.Size()-enough)
	b, _ := io.ReadAll(io.NewSectionReader(f, from, enough)) // what could be read is better than nothing
	return strings.TrimSpace(string(b))
}

func ping(ctx context.Context, dsn string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.PingContext(ctx)
}

// createDatabase makes our database in a new cluster.
func createDatabase(ctx context.Context, dsn string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	var there bool
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, database).Scan(&there)
	if err == nil && !there {
		_, err = db.ExecContext(ctx, `CREATE DATABASE `+pq.QuoteIdentifier(database))
	}
	if err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	return nil
}
