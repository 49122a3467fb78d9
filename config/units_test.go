package config_test

import (
	"testing"
	"time"

	"custody/config"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"500ms": 500 * time.Millisecond, "20s": 20 * time.Second, "8h": 8 * time.Hour, "7d": 168 * time.Hour,
		"2w": 336 * time.Hour, "1w1d": 192 * time.Hour, "1d12h30m": 36*time.Hour + 30*time.Minute, "0s": 0,
	} {
		if got, err := config.ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "7", "-1h", "-7d", "1d-2h", "7days", "d7", "99999999999w", "1h1d", "1.5d", "1d1w"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}

func TestUnitsAreWrittenAsTheyAreRead(t *testing.T) {
	for _, text := range []string{"500ms", "20s", "8h", "7d", "1m", "1h30m", "10m", "1h0m5s"} {
		d, err := config.ParseDuration(text)
		if err != nil || config.Duration(d).String() != text {
			t.Errorf("%s became %s, %v", text, config.Duration(d), err)
		}
	}
	for text, want := range map[string]config.Size{"0": 0, "4097": 4097, "64KiB": 64 << 10, "64MiB": 64 << 20, "1GiB": 1 << 30} {
		got, err := config.ParseSize(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: %d, %v, written %s", text, int64(got), err, got)
		}
	}
	for _, text := range []string{"", "-1", "64MB", "1e6", "9999999999GiB", "MiB"} {
		if got, err := config.ParseSize(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}
