package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/soundings-io/soundings/domain/access"
	"github.com/soundings-io/soundings/domain/content"
	"github.com/soundings-io/soundings/domain/task"
	"github.com/soundings-io/soundings/ports"
)

var _ ports.ThreadStore = (*Store)(nil)

// threadDepth bounds how far a thread is followed up and down, also where posts
// answer each other in a circle.
const threadDepth = 100

// Thread climbs to the comment that begins the thread, and reads down from it.
func (s *Store) Thread(ctx context.Context, user access.UserID, id task.ID, externalID string, limit int) ([]ports.ThreadedPost, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	if err := s.owned(ctx, s.read, user, id); err != nil {
		return nil, err
	}
	if !utf8.ValidString(externalID) || strings.ContainsRune(externalID, 0) {
		return nil, notFound() // a statement cannot even name it
	}
	var top string
	err := s.read.NewRaw(`
		WITH RECURSIVE up (external_id, parent_external_id, kind, height) AS (
			SELECT p.external_id, p.parent_external_id, p.kind, 0 FROM posts AS p WHERE p.task_id = ? AND p.external_id = ?
			UNION ALL
			SELECT p.external_id, p.parent_external_id, p.kind, up.height + 1
			FROM up JOIN posts AS p ON p.task_id = ? AND p.external_id = up.parent_external_id
			WHERE up.kind = 'reply' AND p.kind IN ('comment', 'reply') AND up.height < ?
		) SELECT external_id FROM up ORDER BY height DESC LIMIT 1`, id, externalID, id, threadDepth).Scan(ctx, &top)
	if err != nil {
		return nil, s.fault(err)
	}
	var rows []postRow
	err = s.read.NewRaw(`
		WITH RECURSIVE down (external_id, depth) AS (
			SELECT p.external_id, 0 FROM posts AS p WHERE p.task_id = ? AND p.external_id = ?
			UNION ALL
			SELECT p.external_id, down.depth + 1 FROM down JOIN posts AS p
			ON p.task_id = ? AND p.parent_external_id = down.external_id AND p.kind = 'reply' WHERE down.depth < ?
		) SELECT p.* FROM posts AS p WHERE p.task_id = ? AND p.external_id IN (SELECT external_id FROM down LIMIT ?)`,
		id, top, id, threadDepth, id, limit).Scan(ctx, &rows)
	// Sorted here: told to sort, SQLite would walk the whole task in that order.
	slices.SortFunc(rows, func(a, b postRow) int { return cmp.Or(a.PublishedAt.Compare(b.PublishedAt), cmp.Compare(a.ID, b.ID)) })
	return threaded(rows), s.fault(err)
}

// threaded puts posts, given by time, in the order of their threads.
func threaded(rows []postRow) []ports.ThreadedPost {
	places := make(map[string]int32, len(rows))
	for i, r := range rows {
		places[r.ExternalID] = int32(i) + 1 //nolint:gosec // bounded by the limit
	}
	placed := make([]content.Placed, len(rows))
	for i, r := range rows {
		placed[i] = content.Placed{Parent: places[r.ParentExternalID], Group: 1}
	}
	ranks := content.ThreadRanks(placed)
	posts := make([]ports.ThreadedPost, len(rows))
	for i, rank := range ranks {
		posts[rank] = ports.ThreadedPost{JudgedPost: rows[i].judged()}
	}
	depths := make(map[string]int, len(rows))
	for i := range posts {
		if above, ok := depths[posts[i].ParentExternalID]; ok {
			posts[i].Depth = above + 1
		}
		depths[posts[i].ExternalID] = posts[i].Depth
	}
	return posts
}
