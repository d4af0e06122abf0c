package netsuite

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
)

// SuiteQL is the grammar of what POST /query/v1/suiteql understands. Keywords and names may be in any case.
// A table is transaction, or a record type that is no transaction; a column is a body field in lower case,
// and of transaction also type, recordtype and foreigntotal.
const SuiteQL = `
query     = "SELECT" ( "*" | column { "," column } ) "FROM" table [ [ "AS" ] alias ]
            [ "WHERE" condition ] [ "ORDER" "BY" order { "," order } ]
column    = term [ [ "AS" ] name ]
order     = ( term | name ) [ "ASC" | "DESC" ]
condition = both { "OR" both }
both      = test { "AND" test }
test      = "NOT" test | "(" condition ")" | term operator term
          | term [ "NOT" ] "IN" "(" term { "," term } ")" | term [ "NOT" ] "LIKE" term
          | term [ "NOT" ] "BETWEEN" term "AND" term | term "IS" [ "NOT" ] "NULL"
operator  = "=" | "!=" | "<>" | "<" | "<=" | ">" | ">="
term      = [ alias "." ] name | number | string | "UPPER" "(" term ")" | "LOWER" "(" term ")"
          | "BUILTIN.DF" "(" term ")" | "TO_DATE" "(" string "," format ")" | "TO_CHAR" "(" term "," format ")"
string    = "'" text, with a quote written twice "'"
format    = string of YYYY MM DD HH24 HH MI SS and punctuation
`

// maxRows is how many rows a query may have.
const maxRows = 100_000

// suiteQL answers POST /query/v1/suiteql.
func (s *Server) suiteQL(c *call) (reply, *failure) {
	if !strings.Contains(c.r.Header.Get("Prefer"), "transient") {
		f := fail(http.StatusBadRequest, "INVALID_HEADER", "The required request header 'Prefer' is missing or has an invalid value: 'transient' is expected.")
		f.detail.Header = "Prefer"
		return reply{}, f
	}
	p, f := c.part()
	if f != nil {
		return reply{}, f
	}
	var body struct{ Q string }
	data, err := io.ReadAll(c.r.Body)
	if err != nil || json.Unmarshal(data, &body) != nil || strings.TrimSpace(body.Q) == "" {
		return reply{}, badContent("q", "Invalid content in the request body: a query is expected in q.")
	}
	q, err := s.store.compile(body.Q)
	if err != nil {
		f := fail(http.StatusBadRequest, "INVALID_PARAMETER",
			"Invalid search query. Detailed unprocessed description follows. Search error occurred: %v.", err)
		f.title = "Invalid search query."
		return reply{}, f.at("q")
	}
	rows := q.run()
	if len(rows) > maxRows {
		rows = rows[:maxRows]
	}
	items := []object{}
	for _, r := range cut(p, rows) {
		items = append(items, q.show(r))
	}
	return ok(collection, c.collect(p, len(rows), items))
}

// statement is a compiled query.
type statement struct {
	table   *table
	columns []output
	where   condition // nil means all rows
	order   []ordering
}

// output is a column of the result.
type output struct {
	name string
	term term
}

// ordering is one key of ORDER BY.
type ordering struct {
	term term
	down bool
}

// run returns the records that are wanted, in order.
func (q *statement) run() []*record {
	var rows []*record
	for _, r := range q.table.rows {
		if q.where == nil || q.where(r) == yes {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b *record) int {
		for _, key := range q.order {
			if by := key.compare(a, b); by != 0 {
				return by
			}
		}
		return 0
	})
	return rows
}

// compare orders two records; empty values come last, or first when it goes down.
func (o ordering) compare(a, b *record) int {
	x, y := o.term.value(a), o.term.value(b)
	by, _ := compare(x, y)
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		by = 1
	case y == nil:
		by = -1
	}
	if o.down {
		return -by
	}
	return by
}

// show is a row of the answer: texts only, without those that are empty.
func (q *statement) show(r *record) object {
	row := object{"links": []object{}}
	for _, column := range q.columns {
		if s, there := printed(column.term.value(r)); there {
			row[column.name] = s
		}
	}
	return row
}
