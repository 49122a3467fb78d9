package routes

import "testing"

const allOf101 = "101:name,phone,email,date-of-birth,free-text"

// of101 makes routes that show something made of the phone of 101.
func of101(expressions ...string) []route {
	var list []route
	for _, e := range expressions {
		list = append(list, route{name: e, do: sql("SELECT id, " + e + " FROM people WHERE id = 101"), able: "101:phone"})
	}
	return list
}

// TestRoutesValues: the value under another name, in another form, in pieces.
func TestRoutesValues(t *testing.T) {
	routes := of101(
		"phone", "phone AS branch_id", `"phone"`, `U&"\0070hone"`, "people.phone", "public.people.phone", "(people).phone", "phone(people)",
		"phone::varchar(20)", "CAST(phone AS bytea)", "phone::numeric", "phone || ''", "concat('x', phone)", "format('%s', phone)",
		"upper(phone)", "reverse(phone)", "encode(phone::bytea, 'hex')", "encode(phone::bytea, 'base64')", "encode(phone::bytea, 'escape')",
		"md5(phone)", "encode(sha256(phone::bytea), 'hex')", "encode(digest(phone, 'md5'), 'hex')", "hashtext(phone)", "ascii(phone)",
		"substr(phone, 9, 1)", "left(phone, -1)", "overlay(phone placing '' from 1 for 1)", "translate(phone, '0', 'O')",
		"length(phone)", "octet_length(phone)", "pg_column_size(phone)", "position('101' in phone)", "strpos(phone, '9')",
		"string_to_array(phone, NULL)", "regexp_replace(phone, '(.)', '\\1.', 'g')", "regexp_match(phone, '\\d+')", "split_part(phone, '0', 3)",
		"(SELECT string_agg(c, '-') FROM regexp_split_to_table(phone, '') c)", "quote_literal(phone)", "to_json(phone)", "to_jsonb(phone)",
		"json_build_object('p', phone)", "json_build_array(phone)", "jsonb_set('{}', '{a}', to_jsonb(phone))", "hstore('p', phone)",
		"xmlelement(name p, phone)", "xmlforest(phone)", "xmlconcat(xmlelement(name p, phone))", "xmlpi(name p, phone)",
		"ARRAY[phone]", "(ARRAY[phone])[1]", "ROW(phone, 1)", "ROW(id, phone)::pair", "(ROW(id, phone)::pair).b", "to_tsvector('simple', phone)",
		"phone::tsvector", "numrange(phone::numeric, NULL)", "int8range(phone::bigint, phone::bigint, '[]')", "textrange_part(phone)",
		"similarity(phone, '07700900101')", "phone <-> '07700900101'", "phone % '07700900101'", "word_similarity('101', phone)", "show_trgm(phone)",
		"phone = '07700900101'", "phone IS NULL", "phone IS NOT DISTINCT FROM '07700900101'", "phone > '07700900100'", "(phone, 1) < ('07700900102', 1)",
		"phone LIKE '%101'", "phone SIMILAR TO '%101'", "phone ~ '101$'", "phone OPERATOR(pg_catalog.~) '101$'", "phone COLLATE \"C\"", "starts_with(phone, '077')",
		"nullif(phone, '')", "coalesce(phone, '')", "greatest(phone, '')", "least(phone, 'z')", "CASE WHEN phone > '0' THEN 1 END", "CASE phone WHEN '1' THEN 2 ELSE 3 END",
		"GREATEST(phone::bigint - 7700900000, 0)", "row_number() OVER (PARTITION BY id ORDER BY phone)", "first_value(phone) OVER (PARTITION BY id)",
		"count(phone) OVER (PARTITION BY id)", "(SELECT phone)", "(SELECT p.phone FROM people p WHERE p.id = people.id)", "EXISTS (SELECT 1 WHERE people.phone LIKE '07%')",
		"phone IN ('07700900101', 'x')", "phone = ANY (ARRAY['07700900101'])", "phone <> ALL (ARRAY['07700900102'])", "num_nulls(phone)", "phone::citext",
		"pg_typeof(phone)", "crypt(phone, '$1$salt')", "convert_to(phone, 'UTF8')", "('x' || phone)::text", "E'\\x' || phone", "$$x$$ || phone", "phone /* branch_id */",
	)
	for i := range routes {
		switch routes[i].name {
		case "(people).phone", // a bare column after all, says the database: sound, and refused
			"phone(people)",         // may be the function phone(branches), which reads
			"textrange_part(phone)": // no such function
			routes[i].able = "refused"
		}
	}
	routes = append(routes,
		route{name: "date of birth by interval arithmetic", do: sql("SELECT id, now() - born, age(born), extract(year FROM born), born + interval '1 day', to_char(born, 'DDMMYYYY') FROM people WHERE id = 101"), able: "101:date-of-birth"},
		route{name: "born overlaps", do: sql("SELECT id FROM people WHERE (born, born) OVERLAPS ('1801-01-01', '1801-12-31')"), able: "101:date-of-birth"},
		route{name: "whole row", do: sql("SELECT people FROM people WHERE id = 101"), able: allOf101},
		route{name: "whole row with the key", do: sql("SELECT id, p FROM people p WHERE id = 101"), able: allOf101},
		route{name: "whole row as text", do: sql("SELECT id, p::text, p.*::text FROM people p WHERE id = 101"), able: allOf101},
		route{name: "star", do: sql("SELECT * FROM people WHERE id = 101"), able: allOf101},
		route{name: "star of an alias with renamed columns", do: sql("SELECT x.a, x.e FROM people AS x(a, b, c, d, e) WHERE a = 101"), able: "101:phone"},
		route{name: "TABLE", do: sql("TABLE people"), able: "101-140:name,phone,email,date-of-birth,free-text"},
		route{name: "row_to_json", do: sql("SELECT id, row_to_json(people) FROM people WHERE id = 101"), able: allOf101},
		route{name: "whole rows without the key", do: sql("SELECT p FROM people p"), able: "101-140:name,phone,email,date-of-birth,free-text"},
		route{name: "row_to_json without the key", do: sql("SELECT row_to_json(p) FROM people p"), able: "101-140:name,phone,email,date-of-birth,free-text"},
		route{name: "to_jsonb", do: sql("SELECT id, to_jsonb(p) - 'name' FROM people p WHERE id = 101"), able: allOf101},
		route{name: "a JSON path over the row", do: sql("SELECT id, jsonb_path_query(to_jsonb(p), '$.phone') FROM people p WHERE id = 101"), able: allOf101},
		route{name: "json_each of the row", do: sql("SELECT p.id, j.* FROM people p, json_each_text(row_to_json(p)) j WHERE id = 101"), able: allOf101},
		route{name: "json_agg", do: sql("SELECT json_agg(p) FROM people p"), able: "refused"},
		route{name: "json_object_agg by key", do: sql("SELECT id, json_object_agg(id, phone) FROM people WHERE id < 104 GROUP BY id"), able: "101:phone 102:phone 103:phone"},
		route{name: "hstore of the row", do: sql("SELECT id, hstore(p) FROM people p WHERE id = 101"), able: allOf101},
		route{name: "populate_record from the row", do: sql("SELECT id, (jsonb_populate_record(NULL::people, to_jsonb(p))).email FROM people p WHERE id = 101"), able: allOf101},
		route{name: "expansion inside a function", do: sql("SELECT id, concat_ws(',', p.*) FROM people p WHERE id = 101"), able: allOf101},
		route{name: "row comparison", do: sql("SELECT id FROM people p WHERE p < ROW(101, 6, '2020-01-01'::date, 'a', 'b', 'c', '1800-01-01'::date, 'd', 'e')::people AND id = 101"), able: allOf101},
		route{name: "row is null", do: sql("SELECT id FROM people p WHERE p IS NOT NULL AND id = 101"), able: allOf101},
		route{name: "count of the row", do: sql("SELECT id, count(p) FROM people p WHERE id = 101 GROUP BY id"), able: allOf101},
		route{name: "a generated column", do: sql("SELECT id, shout FROM people WHERE id = 101"), able: "101:name"},
		route{name: "a generated column in a condition", do: sql("SELECT count(*) FROM people WHERE shout LIKE 'ZOQ101%'"), able: "101:name"},
		route{name: "system column only", do: sql("SELECT id, ctid, xmin, tableoid::regclass FROM people WHERE id = 101"), able: "nothing", blind: "nothing"},
		route{name: "keys only", do: sql("SELECT id, branch_id FROM people WHERE id < 105"), able: "nothing", blind: "nothing"},
		route{name: "a cast that fails and quotes the value", do: sql("SELECT id, name::int FROM people WHERE id = 101"), able: "error"},
		route{name: "division by zero that depends on the value", do: sql("SELECT id, 1 / (CASE WHEN phone LIKE '%101' THEN 0 ELSE 1 END) FROM people WHERE id = 101"), able: "error"},
		route{name: "a cast to an enum", do: sql("SELECT id, phone::mood FROM people WHERE id = 101"), able: "error"},
		route{name: "a cast to a domain whose check reads", do: sql("SELECT '07700900101'::people_phone"), able: "refused"},
		route{name: "a cast to regclass", do: sql("SELECT id, name::regclass FROM people WHERE id = 101"), able: "error"},
		route{name: "a cast to a date quotes the value", do: sql("SELECT id, name::date FROM people WHERE id = 101"), able: "error"},
		route{name: "JSON that does not parse", do: sql("SELECT id, name::json FROM people WHERE id = 101"), able: "error"},
		route{name: "XML that does not parse", do: sql("SELECT id, ('<' || name)::xml FROM people WHERE id = 101"), able: "error"},
		route{name: "xpath over a value", do: sql("SELECT id, xpath('/a/text()', ('<a>' || phone || '</a>')::xml) FROM people WHERE id = 101"), able: "101:phone"},
		route{name: "XMLTABLE over a value", do: sql("SELECT p.id, x.* FROM people p, XMLTABLE('/a' PASSING (('<a>' || p.phone || '</a>')::xml) COLUMNS v text PATH '.') x WHERE id = 101"), able: "101:phone"},
		route{name: "a comment between", do: sql("SELECT id, pho/**/ne FROM people WHERE id = 101"), able: "error", blind: "error"},
		route{name: "a comment that hides nothing", do: sql("SELECT id, /* -- */ phone -- */ , name\n FROM people WHERE id = 101"), able: "101:phone"},
		route{name: "nested comments", do: sql("SELECT id, /* /* */ phone, */ name FROM people WHERE id = 101"), able: "101:name"},
		route{name: "a dollar quote that hides a column", do: sql("SELECT id, $a$, phone, $b$ $a$ FROM people WHERE id = 101"), able: "nothing", blind: "nothing"},
		route{name: "an E string that ends late", do: sql(`SELECT id, E'\', phone, ''' FROM people WHERE id = 101`), able: "nothing", blind: "nothing"},
		route{name: "a backslash that ends nothing", do: sql(`SELECT id, '\', phone, '' FROM people WHERE id = 101`), able: "101:phone"},
		route{name: "a unicode string", do: sql(`SELECT id, U&'\0070', phone FROM people WHERE id = 101`), able: "101:phone"},
	)
	openCourt(t).run(routes)
}
