package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// directories is what custody.yaml says of the employers' directories.
//
//go:embed directory.yaml
var directories string

// directory is what an employer keeps its people in. It sends what such products send,
// to the running gate (SCIM 2.0, RFC 7644).
type directory struct {
	d     *demo
	name  string
	token string
	ids   map[string]string // users by login
}

// connect declares the employers' directories, each with a token of its own.
func (d *demo) connect() error {
	listen := free("127.0.0.1:6490")
	_, port, _ := net.SplitHostPort(listen)
	d.scim = "http://localhost:" + port
	fill := []string{"LISTEN", listen, "PUBLIC", d.scim}
	d.directories = map[string]*directory{}
	for _, name := range []string{"northfield", "claims", "temps"} {
		out, err := d.quiet("--json", "scim", "token")
		if err != nil {
			return fmt.Errorf("scim token: %s", out)
		}
		var made struct{ Token, Hash string }
		if err := json.Unmarshal([]byte(out), &made); err != nil {
			return err
		}
		d.directories[name] = &directory{d, name, made.Token, map[string]string{}}
		fill = append(fill, "HASH-"+name, made.Hash)
	}
	d.say("   $ custody scim token      # once for each employer's directory; custody.yaml keeps the hash")
	d.indent(strings.NewReplacer("LISTEN", listen, "PUBLIC", d.scim, "HASH-northfield", "sha256:…", "HASH-claims", "sha256:…", "HASH-temps", "sha256:…").Replace(strings.TrimSpace(directories)), 4)
	file := filepath.Join(d.dir, "custody.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	// The file has these keys already, empty; comments stand between them.
	begin := strings.Index(string(b), "\nscim:\n") + 1
	end := strings.Index(string(b), "  clients: {}\n") + len("  clients: {}\n")
	if err := expect(begin > 0 && end > begin, "custody.yaml has no empty scim block"); err != nil {
		return err
	}
	whole := string(b[:begin]) + strings.NewReplacer(fill...).Replace(directories) + string(b[end:])
	return os.WriteFile(file, []byte(whole), 0o600)
}

// send sends a request, shows it with its answer, and gives the answer.
func (x *directory) send(method, path string, body object) (status int, answer object, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	r, err := http.NewRequestWithContext(x.d.ctx, method, x.d.scim+"/scim/v2"+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+x.token)
	r.Header.Set("Content-Type", "application/scim+json")
	began := time.Now()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, err
	}
	took := time.Since(began).Milliseconds()
	if x.d.hushed {
		return resp.StatusCode, answer, decode(b, &answer)
	}
	x.d.say("   directory %s> %s\n     %s after %d ms", x.name, longWord.ReplaceAllString(method+" /scim/v2"+path+" "+string(text), "$1…"), resp.Status, took)
	return resp.StatusCode, answer, decode(b, &answer)
}

func decode(b []byte, answer *object) error {
	if len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, answer)
}

// longWord finds the identifiers of resources, which nobody reads whole.
var longWord = regexp.MustCompile(`\b([a-z2-7]{6})[a-z2-7]{20}\b`)

// object is one of JSON.
type object map[string]any

// joins makes a user of a person.
func (x *directory) joins(login, given, family string) error {
	status, answer, err := x.send(http.MethodPost, "/Users", object{"userName": login, "name": object{"givenName": given, "familyName": family}, "active": true})
	if err != nil {
		return err
	}
	x.ids[login], _ = answer["id"].(string)
	return expect(status == http.StatusCreated && x.ids[login] != "", "the directory was answered with %d: %v", status, answer)
}

// groups makes a group of people.
func (x *directory) groups(name string, logins ...string) error {
	members := make([]object, len(logins))
	for i, login := range logins {
		members[i] = object{"value": x.ids[login]}
	}
	status, answer, err := x.send(http.MethodPost, "/Groups", object{"displayName": name, "members": members})
	if err != nil {
		return err
	}
	return expect(status == http.StatusCreated, "the directory was answered with %d: %v", status, answer)
}

// leaves is what a directory sends when an employer closes somebody's account, as
// Entra ID writes it.
func (x *directory) leaves(login string) error {
	status, answer, err := x.send(http.MethodPatch, "/Users/"+x.ids[login], object{
		"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []object{{"op": "Replace", "path": "active", "value": "False"}},
	})
	if err != nil {
		return err
	}
	return expect(status == http.StatusOK && answer["active"] == false, "the directory was answered with %d: %v", status, answer)
}

// provision is the employers' directories adding everybody, to the gate that runs.
func (d *demo) provision() error {
	d.say("   Nobody types people in: each employer's directory sends its own (SCIM 2.0).")
	north, claims, temps := d.directories["northfield"], d.directories["claims"], d.directories["temps"]
	if err := north.joins(alice, "Alice", "Smith"); err != nil {
		return err
	}
	d.say("   and so on: four more people, and four groups that are their roles. An account for a whole branch is refused:")
	d.hushed = true
	for _, step := range []func() error{
		func() error { return north.joins(bob, "Bob", "Jones") },
		func() error { return north.joins(you, "Yolanda", "Visitor") },
		func() error { return claims.joins(carol, "Carol", "White") },
		func() error { return temps.joins(dave, "Dave", "Brown") },
		func() error { return north.groups("Estimators", alice, you) },
		func() error { return north.groups("Managers", bob) },
		func() error { return claims.groups("Clerks", carol) },
		func() error { return temps.groups("Field staff", dave) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	d.hushed = false
	if err := north.shared(); err != nil {
		return err
	}
	d.say("   Dave's contract ends tomorrow; so will all that he may do:")
	_, err := d.custody("person", "leave", dave, "--last-day", tomorrow())
	return err
}

// shared: a directory may hold an account for a whole branch. It is nobody's name.
func (x *directory) shared() error {
	status, answer, err := x.send(http.MethodPost, "/Users", object{"userName": "reception@northfield.example", "active": true})
	if err != nil {
		return err
	}
	x.d.say("     %v", answer["detail"])
	return expect(status == http.StatusBadRequest, "an account for everybody was answered with %d", status)
}
