package main

import "context"

// kinds are statements beside those whose speed is demanded: what each costs against
// the plain look at one customer, as figures.
func kinds() []row {
	const (
		hidden = "\\set id random(1, 200000)\nSELECT name, phone FROM customers WHERE id BETWEEN :id AND :id + 4"
		keyed  = "\\set id random(1, 200000)\nSELECT id, name, phone FROM customers WHERE id BETWEEN :id AND :id + 4"
		groups = "\\set id random(1, 200000)\nSELECT branch_id, count(phone) FROM customers WHERE id BETWEEN :id AND :id + 40 GROUP BY branch_id"
		veiled = "\\set id random(1, 200000)\nSELECT id, phone FROM customers WHERE id = :id"
	)
	return []row{
		{name: "five customers with their key, 8 clients", load: load{keyed, "simple", 8, looker}, measure: measureKind},
		{name: "five customers, hidden key, 8 clients", load: load{hidden, "simple", 8, looker}, measure: measureKind},
		{name: "forty customers in groups, hidden keys, 8 clients", load: load{groups, "simple", 8, looker}, measure: measureKind},
		{name: "point SELECT, masked, 8 clients", load: load{veiled, "simple", 8, exporter}, measure: measureKind},
	}
}

// measureKind is measureRate of a row of which nothing is demanded.
func measureKind(ctx context.Context, w *world, r row) ([]result, error) {
	list, err := measureRate(ctx, w, r)
	for i := range list {
		list[i].demand, list[i].met = "", ""
	}
	return list, err
}
