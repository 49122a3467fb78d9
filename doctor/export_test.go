package doctor

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// ExamineOne does one check alone.
func ExamineOne(ctx context.Context, conn *pgx.Conn, o Options, name string) (*Report, error) {
	return examine(ctx, conn, o, slices.DeleteFunc(slices.Clone(checks), func(c check) bool { return c.name != name }))
}

// JudgeVersion lets tests choose version and day.
var JudgeVersion = judgeVersion

// Opens lets tests hold verifiers to the server's own.
var Opens = opens
