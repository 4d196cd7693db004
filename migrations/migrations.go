// Package migrations holds the schema as numbered SQL, in the order in which it is applied.
// Forward only: a table that holds money has no way down.
package migrations

import "embed"

// Files are the migrations, one transaction each.
//
//go:embed *.sql
var Files embed.FS
