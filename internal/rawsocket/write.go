package rawsocket

// Write is one of a batch: Sent, Again and Err are the answer, as of Send.
type Write struct {
	FD    int
	Bytes []byte
	Sent  int
	Again bool
	Err   error
}
