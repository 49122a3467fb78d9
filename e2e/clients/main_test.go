package clients

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
	await      = kit.Await
	run        = kit.Run
	psql       = kit.Psql
	portal     = kit.Application
	asPortal   = kit.AsApplication
	signed     = kit.Signed
)
