package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os/exec"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// longSelect shows every customer; the gate masks phone and email.
const longSelect = "SELECT id, name, phone, email, town, postcode FROM customers"

// measureLong times an answer with every customer: read raw, by a client that costs
// next to nothing, and by psql.
func measureLong(ctx context.Context, w *world, r row) ([]result, error) {
	var list []result
	for _, c := range []struct {
		name   string
		client func(context.Context, *world, *target) (time.Duration, error)
	}{{"raw reader", readRaw}, {"psql", readPsql}} {
		took := make([][]float64, 3+len(w.others))
		var ratios []float64
		targets := w.targets(exporter)
		for k := range w.o.rounds {
			for n := range targets {
				if n == 2 && k == w.o.rounds-1 && c.name == "raw reader" {
					w.profile("long answer")
				}
				before := effortOf(targets[n].pid)
				d, err := c.client(ctx, w, &targets[n])
				if err != nil {
					return nil, fmt.Errorf("%s: %w", targets[n].name, err)
				}
				if w.o.effort {
					effortOf(targets[n].pid).say(&targets[n], before, 1/d.Seconds(), d.Seconds())
				}
				took[n] = append(took[n], d.Seconds())
			}
			ratios = append(ratios, took[2][k]/took[0][k])
		}
		name := fmt.Sprintf("%d-row SELECT, recorded, two columns masked, %s", w.o.customers, c.name)
		list = append(list, result{name, seconds(took[0]), seconds(took[1]), seconds(took[2]),
			fmt.Sprintf("%.2f × direct", med(ratios)) + besideDirect(took), "≤1.2 ×", yes(med(ratios) <= 1.2)})
	}
	return list, nil
}

// besideDirect compares other builds with direct, if there are any.
func besideDirect(took [][]float64) (text string) {
	for _, list := range took[3:] {
		var ratios []float64
		for k := range list {
			ratios = append(ratios, list[k]/took[0][k])
		}
		text += fmt.Sprintf(" (other %.2f)", med(ratios))
	}
	return text
}

func seconds(list []float64) string { return fmt.Sprintf("%.3f s", med(list)) }

// readRaw runs the statement on a bare connection and throws the rows away.
func readRaw(ctx context.Context, w *world, t *target) (time.Duration, error) {
	pc, err := pgconn.Connect(ctx, t.url("sslmode=disable"))
	if err != nil {
		return 0, err
	}
	h, err := pc.Hijack()
	if err != nil {
		return 0, err
	}
	defer h.Conn.Close()
	start := time.Now()
	if _, err := h.Conn.Write(query(longSelect)); err != nil {
		return 0, err
	}
	rows, err := discard(h.Conn)
	if err == nil && rows != w.o.customers {
		err = fmt.Errorf("%d rows, not %d", rows, w.o.customers)
	}
	return time.Since(start), err
}

func query(sql string) []byte {
	m := binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(5+len(sql)))
	return append(append(m, sql...), 0)
}

// discard reads to ReadyForQuery and counts the rows.
func discard(c net.Conn) (rows int, err error) {
	buf := make([]byte, 256<<10)
	have := 0
	for {
		n, err := c.Read(buf[have:])
		if err != nil {
			return rows, err
		}
		have += n
		at := 0
		for have-at >= 5 {
			size := 1 + int(binary.BigEndian.Uint32(buf[at+1:]))
			if have-at < size {
				break
			}
			switch buf[at] {
			case 'D':
				rows++
			case 'E':
				return rows, fmt.Errorf("the server says %q", buf[at+5:at+size])
			case 'Z':
				return rows, nil
			}
			at += size
		}
		have = copy(buf, buf[at:have])
	}
}

// readPsql runs the statement with psql, the whole process timed.
func readPsql(ctx context.Context, w *world, t *target) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, "psql", "-qAtX", "-o", "/dev/null", "-c", longSelect)
	cmd.Env = t.env()
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("psql: %w\n%s", err, out)
	}
	return time.Since(start), nil
}
