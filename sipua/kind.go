package sipua

// A Kind names a message by its role, finer than its method: the first ACK of
// a dialog is another kind than its repetition.
type Kind string
