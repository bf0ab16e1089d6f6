package observe

// NewLostSpans is newLostSpans for tests: the SDK has one for the whole process,
// which tests that run beside each other share.
var NewLostSpans = newLostSpans

// NewExporter is newExporter for tests: no span of ours has every kind of
// attribute.
var NewExporter = newExporter
