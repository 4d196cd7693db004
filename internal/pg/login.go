package pg

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// A login is what a process signs in to the server with. The program's own is a member of
// AppRole and of nothing else: whoever makes it run SQL of their own may do what the program
// may, and cannot lay the role down for more.

// LoginOf is the name and the password that an address signs in with, as the environment
// completes it.
func LoginOf(dsn string) (name, password string, err error) {
	c, err := pq.NewConfig(dsn)
	if err != nil {
		return "", "", errNoAddress
	}
	return c.User, c.Password, nil
}

// Overheard reports whether an address leads over a network on which its server is not known
// by its certificate. Sockets and this machine's own addresses are no network.
func Overheard(dsn string) (bool, error) {
	c, err := pq.NewConfig(dsn)
	if err != nil {
		return false, errNoAddress
	}
	if c.SSLMode == pq.SSLModeVerifyFull {
		return false, nil
	}
	away := !here(c.Host, c.Hostaddr)
	for _, more := range c.Multi {
		away = away || !here(more.Host, more.Hostaddr)
	}
	return away, nil
}

// here holds for what never leaves this machine. An address goes before a name.
func here(host string, address netip.Addr) bool {
	if address.IsValid() {
		return address.IsLoopback()
	}
	if host == "" || host == "localhost" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}

// MayMore reports whether the login of a connection, whatever role it has taken on, may do
// more than AppRole: change the schema, make roles, or become another.
func MayMore(ctx context.Context, db *sqlx.DB) (more bool, err error) {
	err = db.GetContext(ctx, &more, `
		SELECT l.rolsuper OR l.rolcreaterole OR l.rolcreatedb OR l.rolreplication OR l.rolbypassrls
		       OR has_database_privilege(l.oid, current_database(), 'CREATE')
		       OR EXISTS (SELECT 1 FROM pg_roles r WHERE r.oid <> l.oid AND r.rolname <> $1 AND pg_has_role(l.oid, r.oid, 'MEMBER'))
		       OR EXISTS (SELECT 1 FROM pg_namespace n WHERE n.nspname NOT LIKE 'pg\_%' AND (n.nspowner = l.oid OR has_schema_privilege(l.oid, n.oid, 'CREATE')))
		       OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = l.oid)
		  FROM pg_roles l WHERE l.rolname = session_user`, AppRole)
	if err != nil {
		return false, fmt.Errorf("ask what the database's login may do: %w", err)
	}
	return more, nil
}

// KeepLogin sees to it that a login of this name and password may work as AppRole, which the
// schema must have made. It makes the login, or gives the one that is there the password; a
// login that may do more than serve is refused and stays as it is. The server is told no
// password, only what it checks one by.
func KeepLogin(ctx context.Context, owner *sqlx.DB, name, password string) error {
	verifier, err := scramVerifier(password)
	if err != nil {
		return err
	}
	return InTx(ctx, owner, func(tx *sqlx.Tx) error {
		if err := Lock(ctx, tx, "login:"+name); err != nil { // several processes may start at once
			return err
		}
		var known, strong bool
		err := tx.QueryRowxContext(ctx, `
			SELECT count(*) > 0, coalesce(bool_or(rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR rolname = session_user), false)
			  FROM pg_roles WHERE rolname = $1`, name).Scan(&known, &strong)
		if err != nil {
			return fmt.Errorf("look for the program's login: %w", err)
		}
		if strong {
			return fmt.Errorf("%q may do more than serve: choose another name for the program's login", name)
		}
		how := `ALTER ROLE %s PASSWORD %s`
		if !known {
			how = `CREATE ROLE %s LOGIN NOINHERIT PASSWORD %s`
		}
		for _, statement := range []string{
			fmt.Sprintf(how, pq.QuoteIdentifier(name), pq.QuoteLiteral(verifier)),
			fmt.Sprintf(`GRANT %s TO %s`, AppRole, pq.QuoteIdentifier(name)),
		} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("make the program's login: %w", err)
			}
		}
		return nil
	})
}

const scramRounds = 4096 // PostgreSQL's own

// scramVerifier is what PostgreSQL keeps of a password (RFC 5803).
func scramVerifier(password string) (string, error) {
	if password == "" || strings.ContainsFunc(password, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }) {
		return "", errors.New("the password of the program's login is to be of printable ASCII signs, such as `openssl rand -hex 24` makes")
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // it never fails
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramRounds, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("make the program's login: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	text := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramRounds, text(salt), text(stored[:]), text(mac(salted, "Server Key"))), nil
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
