package pgproxy

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// looker keeps the connection on which the schema is looked at: a statement over a
// table that the gate does not know, such as a temporary one, waits for a look, and
// connecting anew would cost far more than the look itself.
type looker struct {
	mu     sync.Mutex
	conn   *pgx.Conn
	closed bool
}

// use runs fn on the kept connection, and once more on a new one if the kept one
// turns out to be broken.
func (l *looker) use(ctx context.Context, config *pgx.ConnConfig, fn func(*pgx.Conn) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		err := fn(l.conn)
		if err == nil {
			return nil
		}
		l.drop()
		if ctx.Err() != nil {
			return err
		}
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	l.conn = conn
	err = fn(conn)
	if err != nil || l.closed {
		l.drop()
	}
	return err
}

func (l *looker) drop() {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	_ = l.conn.Close(ctx)
	l.conn = nil
}

// close ends the kept connection; later uses keep none.
func (l *looker) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.conn != nil {
		l.drop()
	}
}
