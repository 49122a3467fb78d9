package custody

// System is something that holds customer records, as custody.yaml declares it.
// A subject is the same through every entrance.
type System struct {
	ID     SystemID
	Name   string
	Tables []Table
	// SafeFunctions are user-defined functions that an administrator vouches for:
	// they read no table that holds personal data.
	SafeFunctions []string
	// Explanations are the reasons that the gate and the detectors find in the
	// system's own data.
	Explanations []Template
}

// Table declares a table that holds personal data. The rows of a subject are those
// whose Key column equals the subject's key.
type Table struct {
	Schema  string // "public" when custody.yaml does not say
	Name    string
	Key     string // the column that holds the subject's key
	Subject bool   // this is the table of the subjects themselves: one row each
	// Columns maps a column to its category. Columns that are not listed hold no
	// personal data.
	Columns map[string]Category
	// Identifiers lists the columns whose values name a subject by themselves
	// (phone, email, registration), for answers that carry no key.
	Identifiers []string
}

// FullName is schema and name joined by a dot.
func (t *Table) FullName() string { return t.Schema + "." + t.Name }
