package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"custody/custodytest"
)

// TestRunWeb starts the subcommand, asks it for its sign-in page and ends it.
func TestRunWeb(t *testing.T) {
	pg := custodytest.Postgres(t)
	database := pg.URLFor(custodytest.Bodyshop(t, pg, 50))
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = write
	t.Cleanup(func() { os.Stdout = stdout })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- runWeb(ctx, database, "127.0.0.1:0") }()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var address string
	if _, err := fmt.Sscanf(line, "bodyshop is at %s", &address); err != nil {
		t.Fatal(line, err)
	}
	answer, err := http.Get(address + "/login")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if b, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 || !strings.Contains(string(b), "Sign in") {
		t.Errorf("%d %.200s", answer.StatusCode, b)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunWebNeedsTheSampleData(t *testing.T) {
	pg := custodytest.Postgres(t)
	err := runWeb(t.Context(), pg.URLFor(pg.CreateDatabase(t)), "127.0.0.1:0")
	if err == nil || !strings.Contains(err.Error(), "bodyshop -dsn") {
		t.Errorf("%v", err)
	}
}
