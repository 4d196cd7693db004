package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/config"
	"kopiyka/internal/pg"
	"kopiyka/internal/pg/embedded"
)

// database is where the program's PostgreSQL is. Close it when done.
type database struct {
	dsn   string // with which the program serves
	owner string // with which the schema is changed; empty: nobody has said, or nobody may
	place string // of a private cluster that could not live below the data folder
	stop  func() error
	log   *slog.Logger
}

// close stops a private cluster that is ours. What goes wrong then loses nothing.
func (d *database) close() {
	if err := d.stop(); err != nil {
		d.log.Warn("the private PostgreSQL did not stop well", "error", err)
	}
}

// findDatabase takes the server that DATABASE_URL names, or boots a private one below the
// data folder, or joins the one that another process of ours has booted there.
func findDatabase(ctx context.Context, c config.Config, log *slog.Logger) (*database, error) {
	if c.DatabaseURL != "" || c.MigrateURL != "" {
		return namedDatabase(c, log)
	}
	server, err := embedded.Start(ctx, embedded.Options{
		State: stateOf(c), NodeModules: nodeModules(), Durable: true, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("boot a private PostgreSQL: %w", err)
	}
	log.Info("database", "from", server.Source())
	d := &database{owner: server.DSN(), stop: server.Stop, log: log}
	if d.dsn, err = ownLogin(d.owner); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	if server.Moved() {
		d.place = server.State()
	}
	return d, nil
}

// namedDatabase takes the server that the environment names, unless the way there can be
// overheard.
func namedDatabase(c config.Config, log *slog.Logger) (*database, error) {
	for _, named := range [][2]string{{"DATABASE_URL", c.DatabaseURL}, {"KOPIYKA_MIGRATE_URL", c.MigrateURL}} {
		name, dsn := named[0], named[1]
		if dsn == "" {
			continue
		}
		overheard, err := pg.Overheard(dsn)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if overheard && !c.PrivateNetwork {
			return nil, fmt.Errorf("%s leads to another machine without sslmode=verify-full: whoever is on the way could read and change everything. "+
				"Add it (and sslrootcert), or, on a network that nobody else is in, set KOPIYKA_PRIVATE_NETWORK=true", name)
		}
	}
	log.Info("database", "from", "DATABASE_URL")
	return &database{dsn: c.DatabaseURL, owner: c.MigrateURL, stop: func() error { return nil }, log: log}, nil
}

// privateLogin is what the program serves as beside a private cluster.
const privateLogin = "kopiyka_serve"

// ownLogin is the address of a private cluster for the program itself. Its password follows
// from the owner's, which does not follow from it.
func ownLogin(owner string) (string, error) {
	u, err := url.Parse(owner)
	if err != nil {
		return "", errors.New("the address of the private PostgreSQL cannot be read")
	}
	password, _ := u.User.Password()
	m := hmac.New(sha256.New, []byte(password))
	m.Write([]byte(privateLogin))
	u.User = url.UserPassword(privateLogin, hex.EncodeToString(m.Sum(nil)))
	return u.String(), nil
}

// knownDatabase finds the database for verbs that look at what is there. They make nothing:
// a mistyped folder would be an empty house, in which everything is well.
func knownDatabase(ctx context.Context, c config.Config, log *slog.Logger) (*database, error) {
	if c.DatabaseURL == "" && c.MigrateURL == "" && !embedded.Exists(stateOf(c)) {
		folder, err := filepath.Abs(c.Data)
		if err != nil {
			folder = c.Data
		}
		return nil, fmt.Errorf("there is no database below %s: name the folder by KOPIYKA_DATA or --data, or a server by DATABASE_URL", folder)
	}
	return findDatabase(ctx, c, log)
}

// stateOf is where a private cluster lives.
func stateOf(c config.Config) string { return filepath.Join(c.Data, "postgres") }

// nodeModules are where npm may have put PostgreSQL: below the working directory, or
// beside the folder of the binary. Absolute, since the server works elsewhere.
func nodeModules() []string {
	var folders []string
	if here, err := os.Getwd(); err == nil {
		folders = append(folders, filepath.Join(here, "node_modules"))
	}
	if binary, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(binary), "..", "node_modules")
		if !slices.Contains(folders, beside) {
			folders = append(folders, beside)
		}
	}
	return folders
}

// errMayMore is for a login that could undo what the schema promises.
var errMayMore = errors.New("DATABASE_URL signs in as somebody who may do more than the program needs: " +
	"name a login of its own there, and `kopiyka migrate` makes it")

// migrated opens the database as the program serves. Who has named the schema's owner, or
// has a private cluster, has the schema brought up to date and the program's login made. With
// one address, a login that may change the schema does so, as it always has, with a warning
// in the log; one that may not finds the schema as it should be, or is told to migrate.
func (d *database) migrated(ctx context.Context) (*sqlx.DB, error) {
	switch {
	case d.owner != "":
		if err := d.migrate(ctx, d.owner); err != nil {
			return nil, err
		}
	case d.dsn != "":
		more, err := d.mayMore(ctx)
		if err != nil {
			return nil, err
		}
		if !more {
			return d.opened(ctx)
		}
		d.log.Warn("DATABASE_URL signs in as the schema's owner, who could lay down every restriction: make a login of its own (README, \"Two logins\")")
		if err := d.migrate(ctx, d.dsn); err != nil {
			return nil, err
		}
		return pg.OpenApp(ctx, d.dsn)
	}
	more, err := d.mayMore(ctx)
	if err != nil {
		return nil, err
	}
	if more {
		return nil, errMayMore
	}
	return pg.OpenApp(ctx, d.dsn)
}

// openMigrated finds the database and opens it as migrated does, for a verb that does one
// thing. Done closes both.
func openMigrated(ctx context.Context, c config.Config, log *slog.Logger) (db *sqlx.DB, done func(), err error) {
	d, err := findDatabase(ctx, c, log)
	if err != nil {
		return nil, nil, err
	}
	if db, err = d.migrated(ctx); err != nil {
		d.close()
		return nil, nil, err
	}
	return db, func() { _ = db.Close(); d.close() }, nil
}

// migrate brings the schema up to date, and makes the program's login when it has none.
func (d *database) migrate(ctx context.Context, as string) error {
	owner, err := pg.Open(ctx, as)
	if err != nil {
		return err
	}
	defer owner.Close()
	if err := pg.Migrate(ctx, owner); err != nil {
		return err
	}
	if d.dsn == "" || d.dsn == as {
		return nil
	}
	db, err := pg.OpenApp(ctx, d.dsn)
	if err == nil {
		return db.Close()
	}
	if code := pg.Code(err); code != "28P01" && code != "28000" && code != "42501" { // not known, not with this password, or not in the role
		return err
	}
	name, password, err := pg.LoginOf(d.dsn)
	if err != nil {
		return err
	}
	return pg.KeepLogin(ctx, owner, name, password)
}

// mayMore asks whether the program's login could change the schema.
func (d *database) mayMore(ctx context.Context) (bool, error) {
	db, err := pg.Open(ctx, d.dsn)
	if err != nil {
		return false, err
	}
	defer db.Close()
	return pg.MayMore(ctx, db)
}

// opened opens the database for what changes no schema, and refuses one that is not this
// program's.
func (d *database) opened(ctx context.Context) (*sqlx.DB, error) {
	dsn := d.dsn
	if d.owner != "" {
		dsn = d.owner // which may be there before the program's login
	}
	db, err := pg.OpenApp(ctx, dsn)
	if pg.Code(err) == "22023" {
		return nil, pg.ErrNotMigrated // there is no such role yet
	}
	if err != nil {
		return nil, err
	}
	if err := pg.CheckMigrated(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

type migrateCommand struct{ settings }

// Run migrates, makes the program's login and says so.
func (c *migrateCommand) Run(ctx context.Context, log *slog.Logger) error {
	d, err := findDatabase(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer d.close()
	if d.owner != "" && d.dsn == "" { // the owner's address alone
		err = d.migrate(ctx, d.owner)
	} else {
		err = d.migrateAndLook(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Println("the schema is up to date")
	return nil
}

func (d *database) migrateAndLook(ctx context.Context) error {
	db, err := d.migrated(ctx)
	if errors.Is(err, pg.ErrNotMigrated) { // it would be told to do what it does
		return errors.New("the login of DATABASE_URL may not change the schema: name its owner in KOPIYKA_MIGRATE_URL")
	}
	if err != nil {
		return err
	}
	return db.Close()
}
