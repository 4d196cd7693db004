package pg

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// Group lets many callers share one transaction: whoever comes while one is being written
// waits, and all who wait are written together in the next. One that comes alone is
// written alone, so nobody ever waits for company. Thus a commit's way to the disk and a
// hot row's lock are paid once for many.
//
// Writers of one process or of several only meet on rows, which they must lock in one
// order.
type Group[T any] struct {
	writers int
	most    int
	write   func(ctx context.Context, items []T) error

	mu      sync.Mutex
	waiting []seat[T]
	writing int // how many writers are at work
}

// seat is one caller's place in the next transaction.
type seat[T any] struct {
	ctx  context.Context
	item T
	done chan error
}

// NewGroup makes a group that writes at most so many items in one transaction, one
// transaction at a time. Write gets them in the order in which they came. It must do
// nothing outside the transaction: what it could not do for several it is asked to do
// again, for each alone.
func NewGroup[T any](db *sqlx.DB, most int, write func(ctx context.Context, tx *sqlx.Tx, items []T) error) *Group[T] {
	return NewStatementGroup(1, most, func(ctx context.Context, items []T) error {
		return InTx(ctx, db, func(tx *sqlx.Tx) error { return write(ctx, tx, items) })
	})
}

// NewStatementGroup makes a group whose write is one statement, and thus a transaction of
// its own: it spares the two ways to the server that a begin and a commit are. So many
// writers may be at work at once: while one waits for the disk, another is filled.
func NewStatementGroup[T any](writers, most int, write func(ctx context.Context, items []T) error) *Group[T] {
	return &Group[T]{writers: writers, most: most, write: write}
}

// Do returns nil once the item is committed. An error is the item's own: one that cannot
// be written takes nobody else down. When ctx ends first, the item may or may not have
// been written, as after a lost connection.
func (g *Group[T]) Do(ctx context.Context, item T) error {
	s := seat[T]{ctx, item, make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, s)
	if g.writing < g.writers {
		g.writing++
		go g.run()
	}
	g.mu.Unlock()
	select {
	case err := <-s.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run writes until nobody waits.
func (g *Group[T]) run() {
	for {
		seats := g.next()
		if len(seats) == 0 {
			return
		}
		g.writeAll(seats)
	}
}

// next takes those who wait, without those who have gone. When nobody is left, one writer
// has no more to do.
func (g *Group[T]) next() []seat[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	var seats []seat[T]
	for len(g.waiting) > 0 && len(seats) < g.most {
		if s := g.waiting[0]; s.ctx.Err() == nil {
			seats = append(seats, s)
		}
		g.waiting = g.waiting[1:]
	}
	if len(seats) == 0 {
		g.writing--
	}
	return seats
}

// groupTime bounds one transaction of a group: its callers' own contexts end at different
// times, and none of them may end the others' transaction.
const groupTime = time.Minute

// writeAll writes seats together and, should that fail, each alone.
func (g *Group[T]) writeAll(seats []seat[T]) {
	err := g.try(seats)
	if err == nil || len(seats) == 1 {
		for _, s := range seats {
			s.done <- err
		}
		return
	}
	for _, s := range seats {
		s.done <- g.try([]seat[T]{s})
	}
}

// try turns a panic into an error of its items: the process has other work. Groups write the
// same statements over and over, so their connections keep these.
func (g *Group[T]) try(seats []seat[T]) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(err, fmt.Errorf("writing a group panicked: %v", p))
		}
	}()
	items := make([]T, len(seats))
	for i, s := range seats {
		items[i] = s.item
	}
	ctx, cancel := context.WithTimeout(Keep(context.WithoutCancel(seats[0].ctx)), groupTime)
	defer cancel()
	return g.write(ctx, items)
}
