package store

import (
	"context"
	"database/sql"
	"os"
	"time"

	"custody"
)

// Watch looks for changes of rights by any process, this one too, until ctx ends.
// It calls fn after every look: with changed when rights are other than at the last
// look or could not be read since, and with an error when it could not look. A gate that hears an error, or
// nothing for a second, must stop releasing (P3). fn runs on Watch's goroutine.
//
// PRAGMA data_version on a connection that never writes moves with every commit of
// any other connection; the generation is read only then.
func (s *Store) Watch(ctx context.Context, every time.Duration, fn func(changed bool, err error)) {
	w := watcher{s: s, patience: max(5*every, 500*time.Millisecond)}
	defer w.close()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		changed, err := w.look(ctx)
		if ctx.Err() != nil {
			return
		}
		fn(changed, err)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// watcher holds one connection and what it last saw. known is false until the
// first look, and after an error: changes may have been missed then.
type watcher struct {
	s           *Store
	patience    time.Duration // the longest that one look may take
	db          *sql.DB
	conn        *sql.Conn
	known       bool
	dataVersion int64
	generation  uint64
}

func (w *watcher) close() {
	if w.conn != nil {
		w.conn.Close()
	}
	if w.db != nil {
		w.db.Close()
	}
	w.conn, w.db = nil, nil
}

// look says whether rights changed since the last look. After an error, the next
// look that succeeds says changed.
func (w *watcher) look(ctx context.Context) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	changed, err = w.read(ctx)
	if err != nil {
		w.close()
		w.known, w.generation = false, 0
		return false, fault(err)
	}
	return w.s.missed.Swap(false) || changed, nil
}

func (w *watcher) read(ctx context.Context) (bool, error) {
	if err := w.open(ctx); err != nil {
		return false, err
	}
	var v int64
	if err := w.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&v); err != nil {
		return false, err
	}
	if w.known && v == w.dataVersion {
		return false, nil
	}
	var n uint64
	if err := w.conn.QueryRowContext(ctx, "SELECT n FROM generation").Scan(&n); err != nil {
		return false, err
	}
	changed := n != w.generation
	w.known, w.dataVersion, w.generation = true, v, n
	return changed, nil
}

// open connects, and makes sure that the path still names the file that was opened:
// a replaced file would never show a change.
func (w *watcher) open(ctx context.Context) (err error) {
	now, err := os.Stat(w.s.path)
	if err != nil || !os.SameFile(now, w.s.file) {
		return &custody.Error{Code: custody.CodeUnavailable, Message: "the state database was moved or replaced",
			Hint: "restart the gate after restoring custody.db", Err: err}
	}
	if w.conn != nil {
		return nil
	}
	if w.db, err = connect(w.s.path, 1, true); err != nil {
		return err
	}
	w.conn, err = w.db.Conn(ctx)
	return err
}

// Generation changes whenever a right changes, in any process.
func (s *Store) Generation() (n uint64, err error) {
	err = s.read.QueryRow("SELECT n FROM generation").Scan(&n)
	return n, fault(err)
}
