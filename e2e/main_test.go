package e2e

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
	contacts   = kit.Contacts
	bodyshop   = kit.Bodyshop
	see        = kit.See
	keys       = kit.Keys
	refusal    = kit.Refusal
	codeOf     = kit.CodeOf
	expected   = kit.Expected
	await      = kit.Await
)

type breaking = kit.Breaking
