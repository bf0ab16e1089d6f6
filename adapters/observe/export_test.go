package observe

// NewLostSpans is newLostSpans for tests: the SDK has one for the whole process,
// which tests that run beside each other share.
var NewLostSpans = newLostSpans
