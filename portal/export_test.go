package portal

// SetBusyAfter sets after how many requests the connections of portals made from now on
// go on in a loop.
func SetBusyAfter(n int) { busyAfter = n }
