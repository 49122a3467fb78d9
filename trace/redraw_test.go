package trace

import "testing"

// TestRoundingIsNoSource: nobody who saw no complainant comes out as a further source.
func TestRoundingIsNoSource(t *testing.T) {
	m := &model{}
	if p := m.familywise(1e-13, Options{Redraws: 99}, 1); p != 1 {
		t.Errorf("a factor of rounding has p %v", p)
	}
}
