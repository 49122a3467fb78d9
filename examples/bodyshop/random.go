package bodyshop

// random is SplitMix64 (Steele, Lea and Flood, 2014). Each customer has a stream of
// its own for each table, so any row can be made again without the rows before it.
type random uint64

// stream names what the numbers are drawn for.
type stream uint64

const (
	ofPlan stream = iota + 1
	ofPerson
	ofVehicle
	ofAccident
	ofClaim
	ofEstimate
	ofJob
	ofCall
	ofPayment
	ofExtras
)

func draw(seed uint64, s stream, n int64) random {
	r := random(seed ^ uint64(s)<<56)
	r = random(r.next() + uint64(n))
	r.next()
	return r
}

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below gives a number from 0 to n-1.
func (r *random) below(n int) int { return int(r.next() >> 32 * uint64(n) >> 32) }

// percent is true in p cases of 100.
func (r *random) percent(p int) bool { return r.below(100) < p }

func pick(r *random, list []string) string { return list[r.below(len(list))] }

// shuffle sends 0…size-1 one to one onto 0…size-1: a multiplication by a prime
// larger than any size shares no factor with it.
func shuffle(n, size int64) int64 {
	const prime = 2654435761
	return n % size * (prime % size) % size
}
