package e2e

import (
	"testing"

	"custody/custodytest"
)

func TestMain(m *testing.M) { custodytest.Main(m) }
