package bodyshop

import "strings"

// Account is a shared login of the web application: everybody at a branch knows it,
// and the password says no more than where one works. It is weak on purpose.
type Account struct {
	ID           int
	Organisation int // whose customers it sees
	Branch       int // 0 for a head office
	Login        string
	Password     string
}

// Accounts gives the logins of the sample data: one for each branch, such as
// northfield.ashbridge, and one for each head office, such as northfield.office.
func Accounts() []Account {
	var list []Account
	add := func(r repairer, branch int, place string) {
		login := strings.ToLower(r.short) + "." + string(mailName(nil, place))
		list = append(list, Account{len(list) + 1, r.id, branch, login, r.short + "1"})
	}
	for branch := int64(1); branch <= branchCount; branch++ {
		add(repairerOf(branch), int(branch), towns[branch-1][0])
	}
	for _, r := range repairers {
		add(r, 0, "office")
	}
	return list
}

func accounts() (rows [][]any) {
	for _, a := range Accounts() {
		var branch any
		if a.Branch > 0 {
			branch = a.Branch
		}
		rows = append(rows, []any{a.ID, a.Organisation, branch, a.Login, HashPassword(a.Password, a.Login)})
	}
	return rows
}
