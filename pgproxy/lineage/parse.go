package lineage

import (
	"errors"
	"strings"
	"unicode/utf8"

	"custody"

	pg "github.com/pganalyze/pg_query_go/v6"
	"github.com/pganalyze/pg_query_go/v6/parser"
)

// Syntax gives what the grammar says of a statement that does not parse, in the words
// of the database, and the character where it stopped, from 1. The words quote the
// statement, so they are for whoever sent it and for nobody else.
func Syntax(err error) (text string, position int, ok bool) {
	e, ok := errors.AsType[*parser.Error](err)
	if !ok {
		return "", 0, false
	}
	return e.Message, e.Cursorpos, true
}

// Bounds of what is analysed. The parser is C and recursive, so depth is checked
// before it sees the text.
const (
	MaxStatement = 1 << 20 // bytes
	MaxDepth     = 400     // nested brackets, CASE and the like
)

// parse reads a string of statements.
func parse(sql string) (*pg.ParseResult, error) {
	if len(sql) > MaxStatement {
		return nil, custody.E(custody.CodeTooLarge, "the statement is over 1 MiB",
			"send it in parts, or use COPY FROM STDIN for bulk data")
	}
	if !utf8.ValidString(sql) || strings.IndexByte(sql, 0) >= 0 {
		return nil, custody.E(custody.CodeInvalid, "the statement is not valid UTF-8 text",
			"set client_encoding to UTF8 and send the statement as UTF-8")
	}
	if err := checkDepth(sql); err != nil {
		return nil, err
	}
	tree, err := pg.Parse(sql)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeInvalid, Message: "the statement has a syntax error",
			Hint: "check the statement's syntax; it is read with the grammar of PostgreSQL 17", Err: err}
	}
	return tree, nil
}
