package pgtest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/url"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"kopiyka/internal/pg"
)

// Ears hear what a database is asked. Either may be nil. They are called by many at once.
type Ears struct {
	Query, Exec func(text string, args []driver.NamedValue)
}

// Open connects to a database with the rights of the running program, through the ears.
func (e Ears) Open(t testing.TB, dsn string) *sqlx.DB {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	values := u.Query()
	values.Set("role", pg.AppRole)
	u.RawQuery = values.Encode()
	connector, err := pq.NewConnector(u.String())
	if err != nil {
		t.Fatal(err)
	}
	db := sqlx.NewDb(sql.OpenDB(listening{connector, e}), "postgres")
	t.Cleanup(func() { _ = db.Close() })
	return db
}

type listening struct {
	driver.Connector
	ears Ears
}

func (l listening) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := l.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &listeningConn{c.(conn), l.ears}, nil
}

// conn is what lib/pq's connections do beside the least.
type conn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.QueryerContext
	driver.ExecerContext
	driver.Pinger
	driver.SessionResetter
	driver.NamedValueChecker
}

type listeningConn struct {
	conn
	ears Ears
}

func (c *listeningConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.ears.Query != nil {
		c.ears.Query(query, args)
	}
	return c.conn.QueryContext(ctx, query, args)
}

func (c *listeningConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.ears.Exec != nil {
		c.ears.Exec(query, args)
	}
	return c.conn.ExecContext(ctx, query, args)
}
