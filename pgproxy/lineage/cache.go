package lineage

// Cache holds analyses by normalised text.
type Cache struct{ max int }

// NewCache makes a cache for at most max shapes.
func NewCache(max int) *Cache { return &Cache{max: max} }
