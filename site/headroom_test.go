package site

import "testing"

func TestGCPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 15 << 20: 100, 24 << 20: 100, 48 << 20: 50, 72 << 20: 33, 720 << 20: 33} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d MB in use: %d %%, want %d", live>>20, got, want)
		}
	}
}
