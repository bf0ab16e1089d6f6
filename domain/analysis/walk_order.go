package analysis

// WalkOrder is the order in which all posts of a task are walked through.
type WalkOrder string

const (
	// ByTime goes by PublishedAt, then ExternalID.
	ByTime WalkOrder = ""
	// ByThread goes from video to video (or submission), the one with the oldest
	// post first. Each is followed by its comments, and each comment by its tree of
	// replies, depth first; siblings go by PublishedAt, then ExternalID. A post
	// whose parent is not among those walked through stands where a comment would.
	ByThread WalkOrder = "thread"
)
