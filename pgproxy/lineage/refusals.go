package lineage

import (
	"strconv"
	"strings"

	"custody"
)

// Every refusal names schema objects only and says how to ask instead.

const askAdmin = "ask the administrator to list it under safe_functions if it reads no personal data"

func refuseComplex() *custody.Error {
	return custody.E(custody.CodeTooLarge, "the statement is too complex to be analysed",
		"split it into smaller statements, or mention fewer views and WITH queries")
}

func refuseConstruct(what string) *custody.Error {
	return custody.E(custody.CodeUnattributed, what+" is not understood next to personal data",
		"write the statement with plain SELECT, JOIN and WHERE, and name the columns")
}

func refuseColumn(name string) *custody.Error {
	return custody.E(custody.CodeUnattributed, "it is not clear which column "+quote(name)+" is",
		"check the spelling, and write it as table.column")
}

func refuseAmbiguous(name, schema string) *custody.Error {
	return custody.E(custody.CodeUnattributed, "more than one relation is called "+quote(name)+", and one holds personal data",
		"write it with its schema, for example "+schema+"."+name)
}

func refuseFunction(name string) *custody.Error {
	return custody.E(custody.CodeUnsupported, "the function "+quote(name)+" may read personal data that the statement does not name",
		"leave it out, or "+askAdmin)
}

func refuseUnknownFunction(name string) *custody.Error {
	return custody.E(custody.CodeUnsupported, "the function "+quote(name)+" is not known",
		"check the spelling; if it was just created, "+askAdmin)
}

func refuseOperator(op string) *custody.Error {
	return custody.E(custody.CodeUnsupported, "the operator "+quote(op)+" runs a function that may read personal data",
		"write OPERATOR(pg_catalog."+op+") for PostgreSQL's own, or "+askAdmin)
}

func refuseKeeps(name string) *custody.Error {
	return custody.E(custody.CodeUnsupported, "the function "+quote(name)+" would keep personal data where others can see it",
		"call it with values that do not come from personal data")
}

// refuseEffect: for which rows such a function ran can be read off later.
func refuseEffect(name string) *custody.Error {
	return custody.E(custody.CodeUnsupported, "the function "+quote(name)+" leaves a trace that others can read, so it may not run next to personal data",
		"call it in a statement of its own")
}

func refuseView(name string) *custody.Error {
	return custody.E(custody.CodeUnattributed, "the view "+name+" could not be looked into",
		"ask for the tables behind it instead")
}

func refuseRecursive() *custody.Error {
	return custody.E(custody.CodeUnattributed, "WITH RECURSIVE over personal data cannot be attributed to single customers",
		"walk over the keys alone in WITH RECURSIVE, and join the personal data outside of it")
}

func refuseInto() *custody.Error { return refuseCopying("SELECT INTO") }

func refuseCopying(what string) *custody.Error {
	return custody.E(custody.CodeUnsupported, what+" would copy personal data to where it is not guarded",
		"select the data instead; tables that hold personal data are declared in custody.yaml")
}

func refuseLaunder(table, column string) *custody.Error {
	return custody.E(custody.CodeUnsupported, "personal data would be copied into "+table+"."+column+", where it would count as something else or as somebody else's",
		"write values of your own, or copy between columns of the same category of the same customer")
}

func refuseMarks(table string) *custody.Error {
	return custody.E(custody.CodeUnsupported, "rows of "+table+" would be marked by personal data of more than one customer",
		"look the customer up first, then change the row by the customer's key")
}

func refuseKeyChange(t *custody.Table) *custody.Error {
	return custody.E(custody.CodeUnsupported, "changing the key "+t.Name+"."+t.Key+" would hand one customer's data to another",
		"delete the row and insert it anew, or change the key on the database itself")
}

func refuseTruncate() *custody.Error {
	return custody.E(custody.CodeUnattributed, "TRUNCATE would delete personal data without saying whose",
		"use DELETE, which is recorded for each customer")
}

func refuseCascade(rel *relation) *custody.Error {
	return custody.E(custody.CodeUnattributed, "deleting from "+rel.fullName()+" would delete personal data that depends on it, without saying whose",
		"delete the customers' own rows first")
}

// refuseUntold: a change is recorded for each customer, so it must say whose row it is.
func refuseUntold(t *custody.Table, hint string) *custody.Error {
	return custody.E(custody.CodeUnattributed, "this would change rows of "+t.Name+" without saying whose they are", hint)
}

func refuseSystem(name string) *custody.Error {
	return custody.E(custody.CodeUnsupported, name+" shows personal data or statements of others",
		"leave it out; the other system catalogues may be read")
}

func refuseOpaque(what string) *custody.Error {
	return custody.E(custody.CodeUnsupported, what+" cannot be looked into, so it is not let through",
		"send the statements themselves, one by one")
}

func refuseSchemaChange(what string) *custody.Error {
	return custody.E(custody.CodeUnsupported, what+" could expose personal data and is not let through",
		"make changes to the schema on the database itself, with its administrator")
}

func refuseParam(n int) *custody.Error {
	return custody.E(custody.CodeUnattributed, "parameter $"+strconv.Itoa(n)+" is declared with another type than the key has",
		"declare it with the column's type, or leave its type open")
}

func refuseExplain() *custody.Error {
	return custody.E(custody.CodeUnattributed, "EXPLAIN of a statement over personal data answers questions about people",
		"leave the personal columns out of the statement that is explained, or explain it on a test database")
}

func refuseSetting(name string) *custody.Error {
	return custody.E(custody.CodeUnsupported, "the setting "+quote(name)+" may not be changed here",
		"leave it out; ask the administrator if the work needs it")
}

func refuseMove() *custody.Error {
	return custody.E(custody.CodeUnsupported, "MOVE counts rows without showing whose they are",
		"use FETCH instead of MOVE")
}

func refuseFile() *custody.Error {
	return custody.E(custody.CodeUnsupported, "COPY with files or programs of the server is not let through",
		"use COPY … TO STDOUT or COPY … FROM STDIN (in psql: \\copy)")
}

func refuseCopyForm(what, hint string) *custody.Error {
	return custody.E(custody.CodeUnsupported, what+" is not let through in COPY of personal data", hint)
}

func refuseWildKey() *custody.Error { return refuseConstruct("a column list of unknown length") }

// refuseUnattributed says which key is missing and where to put it.
func refuseUnattributed(o *occurrence) *custody.Error {
	key := keyColumn(o.table, o.alias)
	what := o.table.Name
	if o.alias != "" && o.alias != o.table.Name {
		what += " (" + o.alias + ")"
	}
	e := custody.E(custody.CodeUnattributed, "the answer would use "+o.read.String()+" of "+what+" without saying whose it is", "")
	switch o.lostIn {
	case lostSets:
		e.Hint = "group by " + key + " alone, without ROLLUP, CUBE or GROUPING SETS, and add " + key + " to the select list"
	case lostWindow:
		e.Hint = "add PARTITION BY " + key + " to the window, or leave personal columns out of the window and of WHERE"
	case lostUnion:
		e.Hint = "add the customer's key as a column at the same place in every SELECT of it, here " + key
	case lostSubselect:
		e.Hint = "tie the subselect to a customer: add " + key + " = (the customer's key outside) to its WHERE, or join " + what + " instead and add " + key + " to the select list"
	case lostOuter:
		e.Hint = "a missing row would tell of somebody unnamed: add the customer's key of the other side of the outer join to the select list, or use an inner join with " + key
	default:
		e.Hint = "add " + key + " to the select list; with GROUP BY or an aggregate, also group by " + key
	}
	return e
}

// quote marks a name of the schema in a message.
func quote(name string) string {
	name = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, name)
	if len(name) > 63 {
		name = name[:63]
	}
	return "\"" + name + "\""
}
