//go:build tools

package drivers

import (
	_ "github.com/lib/pq"
	_ "github.com/uptrace/bun/driver/pgdriver"
)
