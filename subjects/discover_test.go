package subjects_test

import (
	"context"
	"testing"

	"custody/subjects"
)

func TestDiscoverBodyshop(t *testing.T) {
	conn := loaded(t, 3000)
	p, err := subjects.Discover(context.Background(), conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + string(p.YAML()))
}
