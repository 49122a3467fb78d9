package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// rule is one line of pg_hba.conf, as the server understands the file now.
type rule struct {
	file      string
	line      int
	kind      string // local, host, hostssl, hostnossl, hostgssenc, hostnogssenc
	databases []string
	users     []string
	address   string
	mask      string
	method    string
	options   []string
	broken    string
}

func (r *rule) local() bool { return r.kind == "local" }

// text is the rule as it would be written.
func (r *rule) text() string {
	words := []string{r.kind, strings.Join(r.databases, ","), strings.Join(r.users, ",")}
	if !r.local() {
		words = append(words, r.network())
	}
	return strings.Join(append(append(words, r.method), r.options...), " ")
}

// network is the address as one word: a prefix where the mask says one.
func (r *rule) network() string {
	if p, ok := r.prefix(); ok {
		return p.String()
	}
	return r.address
}

// prefix gives the range of addresses; false for names and words.
func (r *rule) prefix() (netip.Prefix, bool) {
	addr, err := netip.ParseAddr(r.address)
	mask, err2 := netip.ParseAddr(r.mask)
	if err != nil || err2 != nil || addr.BitLen() != mask.BitLen() {
		return netip.Prefix{}, false
	}
	bits := 0
	for _, b := range mask.AsSlice() {
		for ; b&0x80 != 0; b <<= 1 {
			bits++
		}
	}
	return netip.PrefixFrom(addr, bits).Masked(), true
}

// loopback says whether only this machine is meant.
func (r *rule) loopback() bool {
	p, ok := r.prefix()
	return ok && (p.Addr().IsLoopback() && (p.Addr().Is6() && p.Bits() == 128 || p.Addr().Is4() && p.Bits() >= 8)) || r.address == "localhost"
}

// only says whether a rule admits nobody but the gate's machine.
func (r *rule) only(gate netip.Addr) bool {
	p, ok := r.prefix()
	return ok && p.IsSingleIP() && gate.IsValid() && p.Addr().Unmap() == gate.Unmap()
}

// rulesQuery reads the rules that the server has parsed, with the file that each
// stands in: since version 16 files can include others.
const rulesQuery = `SELECT coalesce(to_jsonb(r) ->> 'file_name', current_setting('hba_file')), r.line_number, coalesce(r.type, ''),
	coalesce(r.database, '{}'), coalesce(r.user_name, '{}'), coalesce(r.address, ''), coalesce(r.netmask, ''),
	coalesce(r.auth_method, ''), coalesce(r.options, '{}'), coalesce(r.error, '') FROM pg_hba_file_rules r ORDER BY 1, 2`

func scanRule(row pgx.CollectableRow) (r rule, err error) {
	err = row.Scan(&r.file, &r.line, &r.kind, &r.databases, &r.users, &r.address, &r.mask, &r.method, &r.options, &r.broken)
	return r, err
}

// checkRules tells of lines of pg_hba.conf that let people in beside the gate.
func (e *exam) checkRules(ctx context.Context) error {
	rules, err := query(ctx, e.conn, scanRule, rulesQuery)
	if err != nil {
		return err
	}
	logins, err := e.logins(ctx)
	if err != nil {
		return err
	}
	for i := range rules {
		r := &rules[i]
		if r.broken != "" {
			e.found(Finding{Object: "line that does not parse", Severity: Warning, Where: fmt.Sprintf("%s:%d", r.file, r.line),
				Message: "a line of pg_hba.conf does not parse, so the server goes on with the rules it had before",
				Advice:  "mend the line, then SELECT pg_reload_conf()"})
			continue
		}
		if r.method == "reject" || !r.meets(e.database) || shadowed(r, rules[:i]) {
			continue
		}
		if f, ok := e.judgeRule(r, logins); ok {
			e.found(f)
		}
	}
	return nil
}

// logins are the roles other than the gate's that can log in, with the roles that
// each is a member of. A superuser counts as a member only where it is one, as in
// pg_hba.conf.
func (e *exam) logins(ctx context.Context) (map[string][]string, error) {
	type login struct {
		Name   string
		Groups []string
	}
	list, err := query(ctx, e.conn, pgx.RowToStructByPos[login], `SELECT r.rolname::text,
		ARRAY(SELECT g.rolname::text FROM pg_roles g WHERE NOT r.rolsuper AND pg_has_role(r.oid, g.oid, 'MEMBER')
			OR EXISTS (SELECT FROM pg_auth_members a WHERE a.roleid = g.oid AND a.member = r.oid))
		FROM pg_roles r WHERE r.rolcanlogin AND r.oid <> $1`, e.gate)
	found := map[string][]string{}
	for _, l := range list {
		found[l.Name] = l.Groups
	}
	return found, err
}

// meets says whether a rule is about the guarded database, or about copies of all.
func (r *rule) meets(database string) bool {
	for _, d := range r.databases {
		if d == "all" || d == database || d == "sameuser" || d == "samerole" || d == "samegroup" || d == "replication" || strings.HasPrefix(d, "/") {
			return true
		}
	}
	return false
}

// admits lists the logins other than the gate's that a rule lets in.
func (r *rule) admits(logins map[string][]string) []string {
	var in []string
	for name, groups := range logins {
		if slices.ContainsFunc(r.users, func(u string) bool {
			group, isGroup := strings.CutPrefix(u, "+")
			return u == "all" || u == name || strings.HasPrefix(u, "/") || isGroup && slices.Contains(groups, group)
		}) {
			in = append(in, name)
		}
	}
	slices.Sort(in)
	return in
}

// shadowed says whether an earlier line refuses all that this one would admit.
func shadowed(r *rule, earlier []rule) bool {
	return slices.ContainsFunc(earlier, func(b rule) bool {
		if b.method != "reject" || b.broken != "" || b.local() != r.local() || !b.local() && b.kind != "host" && b.kind != r.kind {
			return false
		}
		if !slices.Contains(b.databases, "all") || slices.Contains(r.databases, "replication") || !slices.Contains(b.users, "all") {
			return false
		}
		if r.local() || b.address == "all" {
			return true
		}
		wide, ok1 := b.prefix()
		narrow, ok2 := r.prefix()
		return ok1 && ok2 && wide.Bits() <= narrow.Bits() && wide.Contains(narrow.Addr())
	})
}

// judgeRule says what is wrong with one line, and what to write instead.
func (e *exam) judgeRule(r *rule, logins map[string][]string) (Finding, bool) {
	others := r.admits(logins)
	var wrong []string
	var worst Severity
	blame := func(s Severity, text string) {
		worst = max(worst, s)
		wrong = append(wrong, text)
	}
	remote := !r.local() && !r.loopback()
	switch {
	case r.method == "trust" && remote:
		blame(Critical, "asks for no password at all")
	case r.method == "trust":
		blame(Serious, "asks nobody on the server for a password")
	case !r.local() && r.method == "ident":
		blame(Serious, "believes what the client's machine says about who it is")
	case r.method == "password" && !r.encrypted():
		blame(max(Warning, when(remote, Serious)), "sends passwords in clear")
	case r.method == "md5":
		blame(Warning, "still accepts MD5 passwords")
	}
	switch {
	case len(others) > 0 && slices.Contains(r.databases, "replication"):
		blame(when(remote, Serious), "lets "+listed(others)+" copy the whole server by replication")
	case len(others) > 0 && !r.local():
		blame(when(remote, Serious), "lets "+listed(others)+" in directly from "+r.network())
	case len(others) > 0 && worst == 0 && r.method != "peer":
		blame(Note, "lets "+listed(others)+" in on the server itself")
	case len(others) == 0 && remote && len(r.users) > 0 && e.gate != 0 && e.GateAddress.IsValid() && !r.only(e.GateAddress) && slices.Contains(r.users, e.GateRole):
		blame(Warning, "lets the gate's role in from "+r.network()+" and not from the gate's address alone")
	}
	if remote && !r.encrypted() && len(wrong)+len(others) > 0 || remote && !r.encrypted() && slices.Contains(r.users, e.GateRole) {
		blame(Warning, "does not ask for TLS")
	}
	if worst == 0 {
		return Finding{}, false
	}
	f := Finding{Object: r.text(), Severity: worst, Where: fmt.Sprintf("%s:%d", r.file, r.line),
		Message: "the rule \u201c" + r.text() + "\u201d " + strings.Join(wrong, "; ")}
	if worst > Note {
		f.Replace = e.instead(r)
		f.Advice = "then SELECT pg_reload_conf(); keep administrators on the server's own socket (local … peer)"
	}
	return f, true
}

// when is a severity for rules of other machines; it is a warning on this one.
func when(remote bool, s Severity) Severity {
	if remote {
		return s
	}
	return Warning
}

func (r *rule) encrypted() bool { return r.kind == "hostssl" || r.kind == "hostgssenc" }

// instead is what the line should be: the same with a method that asks on the
// server's socket, and the gate's role alone from the gate's address elsewhere.
func (e *exam) instead(r *rule) []string {
	if r.local() {
		return []string{"local " + strings.Join(r.databases, ",") + " " + strings.Join(r.users, ",") + " scram-sha-256"}
	}
	if slices.Contains(r.databases, "replication") {
		return []string{"# nothing: the gate does not replicate"}
	}
	kind, address := "hostssl", "GATE-ADDRESS/32"
	if e.GateAddress.IsValid() {
		a := e.GateAddress.Unmap()
		address = netip.PrefixFrom(a, a.BitLen()).String()
		if a.IsLoopback() {
			kind = "host"
		}
	}
	return []string{strings.Join([]string{kind, word(e.database), word(e.GateRole), address, "scram-sha-256"}, " ")}
}

// word writes a name for pg_hba.conf, in quotes where it would mean something else.
func word(name string) string {
	for _, c := range name {
		if !(c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z') {
			return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
	}
	if name == "all" || name == "replication" || name == "sameuser" || name == "samerole" {
		return `"` + name + `"`
	}
	return name
}
