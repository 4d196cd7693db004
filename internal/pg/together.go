package pg

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// Statement is an INSERT, UPDATE or DELETE and its arguments. An empty one does nothing.
type Statement struct {
	Query string // its arguments are $1, $2 …, and it says $ for nothing else
	Args  []any
	After func() // when it is committed; may be nil
}

var argument = regexp.MustCompile(`\$\d+`)

// ExecTogether runs statements in one way to the server. None sees what another does, so
// they must not change the same rows, and none may need what another writes; their triggers
// run once all are done. An error is that of all.
func ExecTogether(ctx context.Context, tx *sqlx.Tx, all ...Statement) error {
	query, args := together(all)
	if query == "" {
		return nil
	}
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return err
	}
	for _, s := range all {
		if s.After != nil {
			AfterCommit(tx, s.After)
		}
	}
	return nil
}

// together makes one statement of several: all but the last are its WITH queries.
func together(all []Statement) (string, []any) {
	var queries []string
	var args []any
	for _, s := range all {
		if s.Query == "" {
			continue
		}
		before := len(args)
		queries = append(queries, argument.ReplaceAllStringFunc(s.Query, func(name string) string {
			n, _ := strconv.Atoi(name[1:]) // digits, by the expression
			return "$" + strconv.Itoa(before+n)
		}))
		args = append(args, s.Args...)
	}
	if len(queries) == 0 {
		return "", nil
	}
	last := len(queries) - 1
	for i, q := range queries[:last] {
		queries[i] = fmt.Sprintf("s%d AS (%s)", i+1, q)
	}
	if last == 0 {
		return queries[0], args
	}
	return "WITH " + strings.Join(queries[:last], ", ") + " " + queries[last], args
}
