package pg_test

import (
	"fmt"
	"testing"

	"github.com/lib/pq"

	"kopiyka/internal/pg"
)

func TestAwayTellsAnOutageFromAMistake(t *testing.T) {
	t.Parallel()
	_, refused := pg.Open(t.Context(), "postgres://x@127.0.0.1:1/x?sslmode=disable&connect_timeout=1")
	for name, c := range map[string]struct {
		err  error
		away bool
	}{
		"nobody listens":       {refused, true},
		"it shuts down":        {fmt.Errorf("list: %w", &pq.Error{Code: "57P01"}), true},
		"it starts":            {&pq.Error{Code: "57P03"}, true},
		"it is full":           {&pq.Error{Code: "53300"}, true},
		"a connection broke":   {&pq.Error{Code: "08006"}, true},
		"a mistake in the SQL": {&pq.Error{Code: "42601"}, false},
		"a broken promise":     {&pq.Error{Code: "23505"}, false},
		"nothing":              {nil, false},
	} {
		if got := pg.Away(c.err); got != c.away {
			t.Errorf("%s: away = %t (%v)", name, got, c.err)
		}
	}
}
