package pgtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/pg"
	"kopiyka/internal/pg/embedded"
)

// server is what all tests of this process share: a server with a template.
type server struct {
	dsn    func(database string) (string, error)
	admin  *sqlx.DB
	prefix string // of all our databases, so that a shared server tells ours from others'
	count  atomic.Int64
	hold   *sqlx.Conn // holds the claim on the prefix
	keeper *keeper    // of a private cluster
}

// theServer boots on the first call, and makes the template.
var theServer = sync.OnceValues(func() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	major, err := wantedMajor()
	if err != nil {
		return nil, err
	}
	s := &server{}
	maintenance, err := s.find(ctx, major)
	if err != nil {
		return nil, err
	}
	if s.admin, err = pg.Open(ctx, maintenance); err != nil {
		return nil, err
	}
	if err := s.checkMajor(ctx, major); err != nil {
		return nil, err
	}
	if err := s.claim(ctx); err != nil {
		return nil, err
	}
	if err := s.sweep(ctx); err != nil {
		return nil, err
	}
	if err := s.makeTemplate(ctx); err != nil {
		return nil, err
	}
	return s, nil
})

// find returns the address of a database to create others from.
func (s *server) find(ctx context.Context, major int) (string, error) {
	if dsn := os.Getenv("KOPIYKA_TEST_DATABASE_URL"); dsn != "" {
		s.dsn = func(database string) (string, error) { return withDatabase(dsn, database) }
		return dsn, nil
	}
	e, k, err := bootPrivate(ctx, major)
	if err != nil {
		return "", err
	}
	s.keeper = k
	s.dsn = func(database string) (string, error) { return e.DSNFor(database), nil }
	return e.DSN(), nil
}

func withDatabase(dsn, database string) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " dbname=" + database, nil // of two, the last one counts
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("KOPIYKA_TEST_DATABASE_URL is no URL") // err would show the password
	}
	u.Path = "/" + database
	return u.String(), nil
}

func wantedMajor() (int, error) {
	v := os.Getenv("KOPIYKA_TEST_PG")
	if v == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("KOPIYKA_TEST_PG must be a major version such as 15, not %q", v)
	}
	return n, nil
}

func (s *server) checkMajor(ctx context.Context, major int) error {
	var version int
	if err := s.admin.GetContext(ctx, &version, `SELECT current_setting('server_version_num')::int / 10000`); err != nil {
		return fmt.Errorf("ask the server's version: %w", err)
	}
	if major != 0 && version != major {
		return fmt.Errorf("KOPIYKA_TEST_PG asks for PostgreSQL %d, and the server is %d", major, version)
	}
	return nil
}

// bootPrivate boots a cluster that forgets everything with this process.
func bootPrivate(ctx context.Context, major int) (*embedded.Server, *keeper, error) {
	modules, err := nodeModules()
	if err != nil {
		return nil, nil, err
	}
	base := roomyDir()
	sweepDirs(base)
	k, err := newKeeper(base)
	if err != nil {
		return nil, nil, err
	}
	e, err := embedded.Start(ctx, embedded.Options{
		State:       k.dir,
		NodeModules: modules,
		Major:       major,
		ReadyMade:   filepath.Join(base, fmt.Sprintf("kopiyka-clusters-%d", os.Geteuid())),
		Settings: map[string]string{
			"max_connections": "300",
			"autovacuum":      "off", // it would look at databases that are about to be dropped
			"shared_buffers":  "256MB",
			"max_wal_size":    "4GB", // nobody needs it again, and no checkpoint comes in the midst of a test
			"wal_level":       "minimal",
			"max_wal_senders": "0",
			"jit":             "off",
		},
	})
	if err != nil {
		return nil, nil, errors.Join(err, k.close())
	}
	return e, k, nil
}

// nodeModules is where npm ci puts PostgreSQL: beside go.mod.
func nodeModules() ([]string, error) {
	dir, err := os.Getwd() // a test runs in the directory of its package
	if err != nil {
		return nil, err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return []string{filepath.Join(dir, "node_modules")}, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, nil // a test binary that was taken elsewhere: other binaries may do
		}
		dir = parent
	}
}

// claim takes a prefix for this process: a session that bears it as its name
// for as long as the process lives, however that ends. An advisory lock would
// not do, because it is seen from one database alone.
func (s *server) claim(ctx context.Context) error {
	var err error
	if s.hold, err = s.admin.Connx(ctx); err != nil {
		return err
	}
	s.prefix = fmt.Sprintf("kopiyka_test_%d_", rand.Int32())
	if _, err := s.hold.ExecContext(ctx, `SELECT set_config('application_name', $1, false)`, s.prefix); err != nil {
		return fmt.Errorf("claim names for the databases: %w", err)
	}
	return nil
}

func (s *server) makeTemplate(ctx context.Context) error {
	name := s.prefix + "template"
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return fmt.Errorf("make the template: %w", err)
	}
	dsn, err := s.dsn(name)
	if err != nil {
		return err
	}
	db, err := pg.Open(ctx, dsn)
	if err != nil {
		return err
	}
	err = pg.Migrate(ctx, db)
	return errors.Join(err, db.Close())
}
