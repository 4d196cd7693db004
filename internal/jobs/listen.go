package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
)

// listening lets River's database/sql driver hear of new jobs at once. By itself that
// driver only polls, since database/sql knows no LISTEN; lib/pq does.
type listening struct {
	*riverdatabasesql.Driver
	dsn string
}

var _ riverdriver.Driver[*sql.Tx] = (*listening)(nil)

func (d *listening) SupportsListener() bool { return true }

func (d *listening) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return &listener{dsn: d.dsn, schema: p.Schema}
}

type listener struct {
	dsn, schema string
	conn        *pq.Listener
	lost        chan error
}

// Connect waits for the connection: lib/pq connects in the background and an early Ping
// would say that there is none. It would go on trying after a failure, while River makes a
// try of its own and never closes what did not connect.
func (l *listener) Connect(ctx context.Context) error {
	l.lost = make(chan error, 1)
	connected := make(chan error, 1)
	l.conn = pq.NewListener(l.dsn, time.Second, time.Minute, func(event pq.ListenerEventType, err error) {
		switch event {
		case pq.ListenerEventConnected, pq.ListenerEventConnectionAttemptFailed:
			offer(connected, err)
		case pq.ListenerEventDisconnected:
			offer(l.lost, fmt.Errorf("the listening connection is lost: %w", err))
		case pq.ListenerEventReconnected:
		}
	})
	var err error
	select {
	case err = <-connected:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		err = errors.Join(err, l.conn.Close())
		l.conn = nil
	}
	return err
}

func offer(c chan<- error, err error) {
	select {
	case c <- err:
	default: // one is enough
	}
}

func (l *listener) Close(context.Context) error {
	if l.conn == nil {
		return nil
	}
	return l.conn.Close()
}

// Listen and Unlisten may be repeated: River does so when it connects anew.
func (l *listener) Listen(_ context.Context, topic string) error {
	if err := l.conn.Listen(l.channel(topic)); err != nil && !errors.Is(err, pq.ErrChannelAlreadyOpen) {
		return err
	}
	return nil
}

func (l *listener) Unlisten(_ context.Context, topic string) error {
	if err := l.conn.Unlisten(l.channel(topic)); err != nil && !errors.Is(err, pq.ErrChannelNotOpen) {
		return err
	}
	return nil
}

func (l *listener) Ping(ctx context.Context) error {
	answered := make(chan error, 1)
	go func() { answered <- l.conn.Ping() }()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *listener) Schema() string { return l.schema }

func (l *listener) SetAfterConnectExec(string) {}

func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	for {
		select {
		case n, open := <-l.conn.Notify:
			if !open {
				return nil, errors.New("the listening connection is closed")
			}
			if n != nil { // nil is lib/pq's sign for a reconnection
				return &riverdriver.Notification{Topic: strings.TrimPrefix(n.Channel, l.schema+"."), Payload: n.Extra}, nil
			}
		case err := <-l.lost:
			return nil, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (l *listener) channel(topic string) string {
	if l.schema == "" {
		return topic
	}
	return l.schema + "." + topic
}
