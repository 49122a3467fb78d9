package pgproxy

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custody"
	"custody/internal/loop"
	"custody/pgproxy/lineage"
)

// System is the database entrance of one guarded system.
type System struct {
	*custody.System
	// Upstream holds the credential that only the gate knows.
	Upstream *pgx.ConnConfig
	// Refresh is how often the schema is looked at for changes. 5 s if zero.
	Refresh time.Duration
	Log     *slog.Logger

	catalogue atomic.Pointer[catalogue]
	reload    chan struct{}
	moved     atomic.Uint32 // categories of identifiers that were changed through the gate
	looking   sync.Mutex
	looked    time.Time // when freshen last began to look; under looking
	looker    looker
}

// catalogue is one view of the schema with the statements analysed under it.
type catalogue struct {
	*lineage.Catalogue
	analyser *lineage.Analyser
}

// Open reads the schema for the first time. It fails when custody.yaml names tables
// or columns that are not there.
func (sys *System) Open(ctx context.Context) error {
	if sys.Log == nil {
		sys.Log = slog.Default()
	}
	sys.reload = make(chan struct{}, 1)
	conn, err := pgx.ConnectConfig(ctx, sys.Upstream)
	if err != nil {
		return unavailable(err)
	}
	defer conn.Close(ctx)
	return sys.load(ctx, conn)
}

func (sys *System) load(ctx context.Context, conn *pgx.Conn) error {
	cat, err := lineage.LoadCatalogue(ctx, conn, sys.System)
	if err != nil {
		return err
	}
	if old := sys.catalogue.Load(); old != nil {
		cat.Keep(old.Catalogue)
	}
	sys.catalogue.Store(&catalogue{Catalogue: cat, analyser: lineage.New(cat)})
	return nil
}

// Watch reloads the catalogue when the schema has changed, until ctx ends. A
// schema that cannot be read keeps the old catalogue: answers are still checked
// against it column by column (see checkRow), so a stale one refuses.
func (sys *System) Watch(ctx context.Context) {
	every := sys.Refresh
	if every == 0 {
		every = 5 * time.Second
	}
	defer sys.looker.close()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-sys.reload:
		}
		if err := sys.refresh(ctx); err != nil && ctx.Err() == nil {
			sys.Log.Warn("the schema could not be read", "system", sys.Name, "err", err)
		}
	}
}

func (sys *System) refresh(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	return sys.looker.use(ctx, sys.Upstream, func(conn *pgx.Conn) error {
		now, err := lineage.Fingerprint(ctx, conn)
		if err != nil || now == sys.catalogue.Load().Generation {
			return err
		}
		return sys.load(ctx, conn)
	})
}

// freshen looks for a newer catalogue at once and gives it, or nil if there is none.
// Sessions that ask at the same time share one look; one that began before the
// question does not count, for the schema may have changed since.
func (sys *System) freshen(old *catalogue) (*catalogue, error) {
	asked := time.Now()
	sys.looking.Lock()
	defer sys.looking.Unlock()
	if !sys.looked.After(asked) {
		began := time.Now()
		if err := sys.refresh(context.Background()); err != nil {
			sys.Log.Warn("the schema could not be read", "system", sys.Name, "err", err)
			return nil, unavailable(err)
		}
		sys.looked = began
	}
	if cat := sys.catalogue.Load(); cat != old {
		return cat, nil
	}
	return nil, nil
}

// written notes which identifiers were changed through the gate. The index does not
// follow changes yet, and a phone that went to somebody else would name the customer
// who had it before: from then on rows need their key.
func (sys *System) written(writes []lineage.Write) {
	for i := range writes {
		w := &writes[i]
		if w.Delete {
			continue
		}
		for _, id := range w.Table.Identifiers {
			if c := w.Table.Columns[id]; w.Categories.Has(c) {
				sys.moved.Or(uint32(custody.Categories(c)))
			}
		}
	}
}

// changedHands says whether identifiers of a category have changed through the gate.
func (sys *System) changedHands(c custody.Category) bool {
	return custody.CategorySet(sys.moved.Load()).Has(c)
}

// stale asks for a reload soon: an answer did not look as the catalogue says.
func (sys *System) stale() {
	select {
	case sys.reload <- struct{}{}:
	default:
	}
}

// runtimeParams picks what may go upstream from the client's startup parameters,
// "options" (-c name=value …) included: what SET may change, too. Others could
// change who the upstream session is, or what the gate believes about it.
func (sys *System) runtimeParams(params map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for name, value := range params {
		switch lower := strings.ToLower(name); {
		case lower == "user" || lower == "database" || lower == "replication" || strings.HasPrefix(name, "_pq_."):
		case lower == "options" && sys.declares():
			if err := optionParams(out, value); err != nil {
				return nil, err
			}
		case sys.declares() && !settable(lower, value):
			return nil, badParam(name)
		default:
			out[lower] = value
		}
	}
	return out, nil
}

// settable leaves the gate's own settings to SET, which can answer.
func settable(name, value string) bool {
	return lineage.Settable(name, value) && !strings.HasPrefix(name, "custody.")
}

func optionParams(out map[string]string, options string) error {
	words := strings.Fields(options)
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "-c" && i+1 < len(words):
			i++
			word = words[i]
		case strings.HasPrefix(word, "-c"):
			word = word[2:]
		case strings.HasPrefix(word, "--"):
			word = word[2:]
		default:
			return badParam(word)
		}
		name, value, _ := strings.Cut(word, "=")
		name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
		value = strings.ReplaceAll(value, `\`, "")
		if !settable(name, value) {
			return badParam(name)
		}
		out[name] = value
	}
	return nil
}

func badParam(name string) error {
	return custody.E(custody.CodeUnsupported, "the startup parameter "+printable(name)+" is not let through",
		"leave it out of the connection string")
}

// printable keeps what a client sent from breaking a message: letters, digits and
// a few signs, 64 at most.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= 64 {
			break
		}
		if r < 0x80 && (r == '_' || r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// upstream is one connection to the guarded database.
type upstream struct {
	conn   net.Conn
	socket *loop.Socket // below TLS; nil if it is of an unknown kind
	in     *reader
	config *pgconn.Config // as much of it as cancel needs
	pid    uint32
	secret []byte
	params map[string]string
}

// dial connects under the system's own credential.
func (sys *System) dial(ctx context.Context, params map[string]string, max int) (*upstream, error) {
	config := sys.Upstream.Config.Copy()
	client, err := sys.runtimeParams(params)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams = client
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return loop.NewSocket(c), nil
	}
	pc, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, unavailable(err)
	}
	// On a busy machine pgconn may still have a read of its own under way, which would
	// swallow the first reply.
	if err := pc.SyncConn(ctx); err != nil {
		return nil, unavailable(err)
	}
	h, err := pc.Hijack()
	if err != nil {
		return nil, unavailable(err)
	}
	_ = h.Conn.SetDeadline(time.Time{})
	below := h.Conn
	if t, ok := below.(*tls.Conn); ok {
		below = t.NetConn()
	}
	socket, _ := below.(*loop.Socket)
	return &upstream{
		conn: h.Conn, socket: socket, in: newReader(h.Conn, max),
		config: &pgconn.Config{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig, DialFunc: dial},
		pid:    h.PID, secret: h.SecretKey, params: h.ParameterStatuses,
	}, nil
}

// badParameter are the SQLSTATEs by which the database refuses a parameter of the
// startup packet. Their texts quote nothing but what the client gave itself.
var badParameter = map[string]bool{"42704": true, "22023": true, "55P02": true}

// unavailable says that the database cannot be reached. The cause names hosts and
// roles, so it goes to the log only, except that the database is full.
func unavailable(err error) error {
	hint := "tell the administrator; `custody serve` logs the cause"
	var pe *pgconn.PgError
	switch {
	case errors.As(err, &pe) && pe.Code == "53300":
		hint = "too many connections are open to it; close some, or raise its max_connections"
	case pe != nil && badParameter[pe.Code]:
		return stated{custody.E(custody.CodeInvalid, pe.Message, "it is a parameter that the client gave on connecting: see its connection string"), pe.Code}
	}
	return &custody.Error{Code: custody.CodeUnavailable, Message: "the database behind the gate cannot be reached", Hint: hint, Err: err}
}

func (u *upstream) close() {
	_ = u.conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = u.conn.Write([]byte{'X', 0, 0, 0, 4})
	_ = u.conn.Close()
}

// cancel asks the database to cancel this connection's statement, by a connection
// of its own, and waits until the database has taken the request.
func (u *upstream) cancel() {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	network, address := pgconn.NetworkAddress(u.config.Host, u.config.Port)
	c, err := u.config.DialFunc(ctx, network, address)
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	if u.config.TLSConfig != nil {
		if c, err = requestTLS(c, u.config.TLSConfig); err != nil {
			return
		}
	}
	packet := binary.BigEndian.AppendUint32(nil, uint32(12+len(u.secret)))
	packet = binary.BigEndian.AppendUint32(packet, codeCancel)
	packet = binary.BigEndian.AppendUint32(packet, u.pid)
	if _, err = c.Write(append(packet, u.secret...)); err == nil {
		_, _ = c.Read(make([]byte, 1)) // the database closes when it has sent the signal
	}
}

func requestTLS(c net.Conn, config *tls.Config) (net.Conn, error) {
	packet := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, codeTLS)
	if _, err := c.Write(packet); err != nil {
		return nil, err
	}
	var answer [1]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil || answer[0] != 'S' {
		return nil, errors.New("TLS refused")
	}
	return tls.Client(c, config), nil
}
