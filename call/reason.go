package call

// Says is the reason as the end of a sentence about the target: "is busy".
func (r Reason) Says() string { return r.says() }
