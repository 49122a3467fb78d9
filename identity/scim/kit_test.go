package scim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"custody"
)

// memory is a backend for tests of the protocol alone: what it means that somebody is
// active or in a group is the store's, and tested there.
type memory struct {
	mu   sync.Mutex
	next int
	all  map[string]*Resource // client + kind + id
	now  time.Time

	listed int // how often all were read
}

func (m *memory) key(client string, k Kind, id string) string {
	return client + "/" + string(k) + "/" + id
}

func (m *memory) Get(_ context.Context, client string, k Kind, id string) (*Resource, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.all[m.key(client, k, id)]
	if r == nil {
		return nil, custody.E(custody.CodeNotFound, "there is no such resource", "look for it")
	}
	return m.copy(client, r), nil
}

func (m *memory) copy(client string, r *Resource) *Resource {
	c := *r
	c.Attributes = copied(r.Attributes).(map[string]any)
	c.Members = slices.Clone(r.Members)
	if r.Kind == User {
		for _, g := range m.all {
			if g.Kind == Group && slices.ContainsFunc(g.Members, func(x Ref) bool { return x.ID == r.ID }) {
				c.Groups = append(c.Groups, Ref{g.ID, g.Name()})
			}
		}
	}
	return &c
}

func (m *memory) Find(ctx context.Context, client string, k Kind, name, external string) ([]*Resource, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.sorted(client, k)
	return slices.DeleteFunc(all, func(r *Resource) bool {
		return name != "" && !strings.EqualFold(r.Name(), name) || external != "" && r.ExternalID() != external
	}), nil
}

func (m *memory) List(_ context.Context, client string, k Kind) ([]*Resource, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listed++
	return m.sorted(client, k), nil
}

// sorted gives all of a client. The lock is held.
func (m *memory) sorted(client string, k Kind) []*Resource {
	var list []*Resource
	for key, r := range m.all {
		if strings.HasPrefix(key, client+"/"+string(k)+"/") {
			list = append(list, m.copy(client, r))
		}
	}
	slices.SortFunc(list, func(a, b *Resource) int { return strings.Compare(a.ID, b.ID) })
	return list
}

func (m *memory) Page(ctx context.Context, client string, k Kind, offset, limit int) ([]*Resource, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.sorted(client, k)
	from := min(offset, len(all))
	return all[from:min(from+limit, len(all))], len(all), nil
}

func (m *memory) Save(ctx context.Context, client string, r *Resource) error {
	same, _ := m.Find(ctx, client, r.Kind, r.Name(), "")
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range same {
		if x.ID != r.ID {
			return custody.E(custody.CodeConflict, "another resource has this name", "look for it")
		}
	}
	m.now = m.now.Add(time.Second)
	if r.Version == 0 {
		m.next++
		r.ID, r.Created = fmt.Sprintf("r%03d", m.next), m.now
	} else if old := m.all[m.key(client, r.Kind, r.ID)]; old == nil || old.Version != r.Version {
		return ErrVersion
	}
	r.Version++
	r.Modified = m.now
	c := *r
	c.Attributes = copied(r.Attributes).(map[string]any)
	m.all[m.key(client, r.Kind, r.ID)] = &c
	return nil
}

func (m *memory) Delete(_ context.Context, client string, k Kind, id string, _ int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.all, m.key(client, k, id))
	return nil
}

// kit is a server over HTTP with two clients.
type kit struct {
	t      *testing.T
	server *httptest.Server
	memory *memory
	token  string
}

func newKit(t *testing.T) *kit {
	t.Helper()
	m := &memory{all: map[string]*Resource{}, now: time.Date(2026, 5, 31, 12, 0, 0, 0, time.UTC)}
	s := New(Options{Backend: m, Public: "https://custody.example", Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Clients: []Client{
		{Name: "northfield", Tokens: [][32]byte{sha256.Sum256([]byte("north")), sha256.Sum256([]byte("north-new"))}},
		{Name: "southfield", Tokens: [][32]byte{sha256.Sum256([]byte("south"))}},
	}})
	k := &kit{t: t, server: httptest.NewServer(s), memory: m, token: "north"}
	t.Cleanup(k.server.Close)
	return k
}

// answer is what the server said.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

// do sends a request; header lines are "Name: value".
func (k *kit) do(method, path, body string, header ...string) answer {
	k.t.Helper()
	req, err := http.NewRequest(method, k.server.URL+Prefix+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+k.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := k.server.Client().Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if len(bytes.TrimSpace(text)) > 0 {
		if err := json.Unmarshal(text, &a.body); err != nil {
			k.t.Fatalf("%s %s: %v\n%s", method, path, err, text)
		}
	}
	return a
}

// want sends a request and holds its answer to a status.
func (k *kit) want(status int, method, path, body string, header ...string) answer {
	k.t.Helper()
	a := k.do(method, path, body, header...)
	if a.status != status {
		k.t.Fatalf("%s %s: status %d, want %d\n%s", method, path, a.status, status, a.text)
	}
	if status >= 400 {
		if schemas, _ := a.body["schemas"].([]any); len(schemas) != 1 || schemas[0] != errorURN || a.body["status"] != fmt.Sprint(status) {
			k.t.Errorf("%s %s: not an error of SCIM: %s", method, path, a.text)
		}
	}
	return a
}

// at finds a value by a path of names and numbers.
func (a answer) at(path ...any) any {
	var v any = a.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func (a answer) id() string { s, _ := a.at("id").(string); return s }

// user makes a user.
func (k *kit) user(name string, more ...string) answer {
	k.t.Helper()
	extra := ""
	for _, m := range more {
		extra += "," + m
	}
	return k.want(201, "POST", "/Users", fmt.Sprintf(`{"schemas":["%s"],"userName":"%s@northfield.example","externalId":"x-%s"%s}`, userURN, name, name, extra))
}

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
