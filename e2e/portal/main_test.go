package portal

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
	see        = kit.See
	seesAll    = kit.SeesAll
	codeOf     = kit.CodeOf
	keys       = kit.Keys
	await      = kit.Await
	portal     = kit.Application
	asPortal   = kit.AsApplication
	signed     = kit.Signed
)
