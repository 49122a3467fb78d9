package password

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"custody"
)

func TestCheck(t *testing.T) {
	about := []string{"Alice Smith", "alice.smith@northfield.example", "Northfield Repairs", "bodyshop"}
	for _, c := range []struct {
		password string
		ok       bool
	}{
		{"", false}, {"Ab1!xyz", false}, // too short, whatever it is made of
		{"qv9-trum", true},                                      // eight, and not common
		{"coffeetrainfish", true}, {"kettle marmot dusk", true}, // three words
		{"password", false}, {"PASSWORD", false}, {"iloveyou", false}, {"password123", false}, {"Password2026!", false},
		{"ｐａｓｓｗｏｒｄ", false},                                                       // full-width letters are the same letters
		{"aaaaaaaaaaaa", false}, {"abcabcabcabc", false}, {"abababababab", false}, // repeats
		{"abcdefghijkl", false}, {"987654321098", true}, {"lkjihgfedcba", false},
		{"alicesmith2026", false}, {"Northfield-1", false}, {"northfieldrepairs", false}, {"smith.alice.bodyshop", false},
		{"alice met nobody", true}, // her name in a sentence of her own
		{"ключ от мастерской", true}, {"🔧🔩🪛🚗🧰🚙🛞🔑", true},
		{strings.Repeat("long words ", 90) + "end", true}, {strings.Repeat("x9", 600), false},
		{"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7", false},
		{"       a       b       c      d", true}, // spaces are characters; no composition rule
	} {
		err := Check(c.password, about...)
		if (err == nil) != c.ok {
			t.Errorf("%.30q: %v", c.password, err)
		}
		if err != nil && (custody.CodeOf(err) != custody.CodeInvalid || custody.HintOf(err) == "" || len(c.password) > 3 && c.password != "password" && strings.Contains(err.Error()+custody.HintOf(err), c.password)) {
			t.Errorf("%.30q: the error has no hint, or repeats the password: %v", c.password, err)
		}
	}
}

// TestDenyList holds the list to its size and order, and looks for some of the worst.
func TestDenyList(t *testing.T) {
	if len(deny) != Denied*denyWidth {
		t.Fatalf("%d bytes, want %d", len(deny), Denied*denyWidth)
	}
	for i := denyWidth; i < len(deny); i += denyWidth {
		if deny[i-denyWidth:i] >= deny[i:i+denyWidth] {
			t.Fatalf("entry %d is out of order", i/denyWidth)
		}
	}
	for _, worst := range strings.Fields("password 12345678 123456789 baseball football superman trustno1 jennifer sunshine starwars computer corvette mercedes liverpool") {
		if !listed(worst) {
			t.Errorf("%s is not on the list", worst)
		}
	}
	for _, fine := range []string{"qv9-trum", "gl4ze-ortho", "mvtplqzr", ""} {
		if listed(fine) {
			t.Errorf("%s is on the list", fine)
		}
	}
}

func TestHash(t *testing.T) {
	h, ctx := NewHasher(2), context.Background()
	phc, err := h.Hash(ctx, "kettle marmot dusk")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=32768,t=3,p=1$") {
		t.Fatalf("%q, %v", phc, err)
	}
	again, err := h.Hash(ctx, "kettle marmot dusk")
	if err != nil || again == phc {
		t.Error("two hashes of one password are the same: no salt")
	}
	for _, c := range []struct {
		phc, password string
		ok            bool
	}{
		{phc, "kettle marmot dusk", true}, {again, "kettle marmot dusk", true}, {phc, "kettle marmot dusK", false}, {phc, "", false},
		{"", "kettle marmot dusk", false}, {"$argon2id$v=19$m=32768,t=3,p=1$$", "", false},
		{strings.Replace(phc, "m=32768", "m=4194304", 1), "kettle marmot dusk", false}, // a changed file cannot take all memory
	} {
		ok, err := h.Verify(ctx, c.phc, c.password)
		if err != nil || ok != c.ok {
			t.Errorf("%.40q with %q: %v, %v", c.phc, c.password, ok, err)
		}
	}
	ligature, err := h.Hash(ctx, "o\ufb03ce-kettle") // ﬃ
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := h.Verify(ctx, ligature, "office-kettle"); !ok {
		t.Error("the same password typed with composed characters is refused")
	}
}

// TestHasherIsBounded: with all slots taken nobody computes, and with the queue full
// nobody waits.
func TestHasherIsBounded(t *testing.T) {
	h := NewHasher(1)
	h.slots <- struct{}{}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	errs := make(chan error, 17)
	for range 17 {
		wg.Go(func() {
			_, err := h.Verify(ctx, "", "x")
			errs <- err
		})
	}
	for len(h.queue) < 17 { // all have queued
	}
	if _, err := h.Verify(ctx, "", "x"); custody.CodeOf(err) != custody.CodeUnavailable {
		t.Errorf("the eighteenth gets %v", err)
	}
	cancel()
	wg.Wait()
	for range 17 {
		if err := <-errs; custody.CodeOf(err) != custody.CodeUnavailable {
			t.Errorf("one who waited gets %v", err)
		}
	}
	<-h.slots
	if _, err := h.Verify(context.Background(), "", "x"); err != nil {
		t.Errorf("after the rush: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("$argon2id$v=19$m=32768,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Add(strings.Repeat("$", 300))
	f.Fuzz(func(t *testing.T, phc string) {
		p, key, err := parse(phc)
		if err == nil && (p.memory > Memory || p.passes > Passes || len(key) != keyLen) {
			t.Errorf("%q costs more than ours", phc)
		}
	})
}

func FuzzCheck(f *testing.F) {
	f.Add("kettle marmot dusk", "Alice Smith")
	f.Add("\xff", "")
	f.Add("ﬃﬃﬃﬃﬃﬃﬃﬃ", "ﬃ")
	f.Fuzz(func(t *testing.T, password, about string) {
		if Check(password, about) == nil && bytes.ContainsRune([]byte(password), 0xfffd) && len(password) < Short {
			t.Errorf("%q passes", password)
		}
	})
}
