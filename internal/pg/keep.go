package pg

import (
	"context"
	"database/sql/driver"
	"errors"
)

// keptAtMost bounds the statements that one connection keeps. The few that say the same
// words over and over need far less.
const keptAtMost = 64

type keepKey struct{}

// Keep marks what runs under the returned context as said over and over: each connection
// prepares such a statement once and keeps it, which saves a round trip and the planning at
// every call after the first. It is for statements whose best plan does not hang on their
// values; a list that is searched in many ways is planned anew each time.
func Keep(ctx context.Context) context.Context { return context.WithValue(ctx, keepKey{}, true) }

// keeping makes connections that keep statements.
type keeping struct{ driver.Connector }

// pqConn is what database/sql uses of lib/pq's connection, all of which is handed through.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := c.(pqConn)
	if !ok {
		return nil, errors.Join(errors.New("pg: the driver's connection is not what it was"), c.Close())
	}
	return &keepingConn{whole, map[string]keptStmt{}}, nil
}

type keptStmt interface {
	driver.StmtQueryContext
	driver.StmtExecContext
}

// keepingConn is used by one goroutine at a time, as every driver.Conn.
type keepingConn struct {
	pqConn
	kept map[string]keptStmt
}

func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if stmt, err := c.stmt(ctx, query, args); stmt != nil || err != nil {
		if err != nil {
			return nil, err
		}
		return stmt.QueryContext(ctx, args)
	}
	return c.pqConn.QueryContext(ctx, query, args)
}

func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if stmt, err := c.stmt(ctx, query, args); stmt != nil || err != nil {
		if err != nil {
			return nil, err
		}
		return stmt.ExecContext(ctx, args)
	}
	return c.pqConn.ExecContext(ctx, query, args)
}

// stmt is the kept statement of a query, or nothing when it is not to be kept. Without
// arguments a query may be several statements, which cannot be prepared.
func (c *keepingConn) stmt(ctx context.Context, query string, args []driver.NamedValue) (keptStmt, error) {
	if ctx.Value(keepKey{}) == nil || len(args) == 0 {
		return nil, nil
	}
	if stmt, known := c.kept[query]; known {
		return stmt, nil
	}
	if len(c.kept) >= keptAtMost {
		return nil, nil
	}
	made, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	stmt, ok := made.(keptStmt)
	if !ok { // COPY is prepared too, and is none
		return nil, made.Close()
	}
	c.kept[query] = stmt
	return stmt, nil
}
