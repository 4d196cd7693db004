// Package pg opens PostgreSQL, runs transactions, applies the schema and tells which
// promise of the schema was broken. It holds no query about the house's nouns: those
// stand in the noun's own package.
package pg

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// AppRole is what the program works as. What it may do is written below each table in
// the migrations.
const AppRole = "kopiyka_app"

// Connections is how many a process holds at most. A hot balance row serves few
// connections better than many, and several processes share one server.
const Connections = 16

// errNoAddress stands for whatever a parser found wrong: its words would show the password.
var errNoAddress = errors.New("the address of the database, or a setting in it, cannot be read")

// Open connects as the owner of the schema: for migrations and for the tools that check
// the books. It answers when the server does.
func Open(ctx context.Context, dsn string) (*sqlx.DB, error) {
	connector, err := pq.NewConnector(dsn)
	if err != nil {
		return nil, errNoAddress
	}
	db := sqlx.NewDb(sql.OpenDB(keeping{connector}), "postgres")
	db.SetMaxOpenConns(Connections)
	db.SetMaxIdleConns(Connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach the database: %w", err), db.Close())
	}
	return db, nil
}

// OpenApp connects as AppRole, with which the program serves. The schema must be there.
func OpenApp(ctx context.Context, dsn string) (*sqlx.DB, error) {
	restricted, err := withRole(dsn, AppRole)
	if err != nil {
		return nil, err
	}
	return Open(ctx, restricted)
}

// withRole makes every connection of dsn begin as role. A dsn is a URL or key=value pairs;
// lib/pq takes both and hands unknown settings to the server at the start of a session.
func withRole(dsn, role string) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " role=" + role, nil
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errNoAddress
	}
	q := u.Query()
	q.Set("role", role)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// Constraint is the name of the constraint that err broke, or "".
func Constraint(err error) string {
	var e *pq.Error
	if errors.As(err, &e) && e.Code.Class() == "23" {
		return e.Constraint
	}
	return ""
}

// Away reports whether err means that the server cannot be reached or takes nobody in now:
// asking again later may help.
func Away(err error) bool {
	var network *net.OpError
	if errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) {
		return true
	}
	code := Code(err)
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P0") || code == "53300" // connection, shutdown or start-up, too many
}

// Code is the SQLSTATE in err's chain, or "".
func Code(err error) string {
	var e *pq.Error
	if errors.As(err, &e) {
		return string(e.Code)
	}
	return ""
}
