package routes

import (
	"context"
	"testing"

	"custody"
	"custody/custodytest"
	"custody/e2e/kit"
)

func TestMain(m *testing.M) { custodytest.Main(m) }

// The kit's words, as the tests say them.
var (
	ctx        = context.Background()
	categories = custody.Categories
	bodyshop   = kit.Bodyshop
	seesAll    = kit.SeesAll
	keys       = kit.Keys
	refusal    = kit.Refusal
	expected   = kit.Expected
	await      = kit.Await
	run        = kit.Run
	psql       = kit.Psql
)

type breaking = kit.Breaking
