package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// anywhere are commands that need neither a server nor a working directory, or make one:
// they work here whether or not a server is named.
var anywhere = []string{"custody version", "custody lab list", "custody lab run", "custody discover", "custody config example", "custody notice key",
	"custody doctor portal", "custody init", "custody setup"}

// onFiles says whether a command that a server could answer is asked about files here.
func onFiles(cmd *cobra.Command) bool {
	switch cmd.CommandPath() {
	case "custody trace":
		return text(cmd, "system") == ""
	case "custody ledger verify":
		return text(cmd, "extract") != ""
	}
	return false
}

// keptThere says why a command works only where the server runs, by its path or the
// beginning of it.
var keptThere = []struct{ path, why string }{
	{"custody backup", "a backup holds who all people and customers are: it is made where the server runs, by who may read its disk, and no token opens it"},
	{"custody restore", "a backup is read where the server is to run, while none runs there"},
	{"custody serve", "it is the server itself: start it where its working directory is"},
	{"custody setup postgres", "it needs the database's superuser: run it where the gate's working directory is"},
	{"custody config check", "custody.yaml lies where the server runs"},
	{"custody system add", "custody.yaml lies where the server runs"},
	{"custody policy", "policies lie where the server runs; custody why and custody who-can ask a server"},
	{"custody organisation", "an organisation is made with its first person: custody person add; list them where the server runs"},
	{"custody token", "staff get their tokens where the server's keys are, or sign in with a browser"},
	{"custody certificate", "certificates are made where the server's keys are"},
	{"custody identity", "the key that signs identities never leaves the server"},
	{"custody scim", "the key of a directory is made where the server runs"},
	{"custody application", "programs are declared where the server runs"},
	{"custody console token", "no token makes another: sign in at the console, Tokens for programs"},
	{"custody portal credential", "a portal's own password never travels: set it where the server runs"},
	{"custody portal rotate", "a portal's own password never travels: change it where the server runs"},
	{"custody doctor", "the doctor looks at databases with the server's credentials: run it where the server runs; custody system list shows what it found"},
	{"custody person move", "custody person import moves people through --server, and so does the console"},
	{"custody person roles", "custody person import changes roles through --server, and so does the console"},
	{"custody person reset", "custody person compromised does this through --server"},
	{"custody person link", "accounts of providers are bound where the server runs, or at the first sign-in"},
	{"custody break-glass use", "emergency access is used by the person themselves, at the gate: SELECT custody.break_glass, or the portal's page"},
	{"custody rule accept", "what was signed on paper is kept where the server runs; each person accepts rules in the console"},
	{"custody processor end", "the work with a processor is ended where the server runs; a review that failed ends their sign-ins through --server"},
	{"custody complaint match", "the running server looks by itself within a second"},
	{"custody alert", "the running server weighs and scans by itself; custody alert list, show, review and unseal ask a server"},
	{"custody watch", "the running server watches by itself; custody alert list asks it"},
	{"custody subject erase-reason", "it takes away what people stated for good: run it where the server runs"},
	{"custody subject scrub", "it changes files of the working directory: run it where the server runs"},
	{"custody ledger who-changed", "custody ledger who-saw tells changes through --server, too"},
	{"custody ledger complaints", "custody trace --system weighs them through --server"},
	{"custody ledger import", "access logs are read where the server runs"},
	{"custody ledger export", "the whole record is written out where the server runs; notices.file and notices.syslog send it on as it grows"},
}

// onlyThere says why, and what to do.
func onlyThere(path string) string {
	for _, k := range keptThere {
		if path == k.path || strings.HasPrefix(path, k.path+" ") {
			return k.why
		}
	}
	return "run it where the server runs, or use the console"
}
