package task

import "github.com/soundings-io/soundings/domain/access"

// Limits bound what stands on the queue, so that it stays short, cancelling is
// cheap, and nobody starves another.
type Limits struct {
	PerTask int // subtasks of one task on the queue
	PerUser int // subtasks of one user on the queue
	Running int // tasks of one user that run at a time; more wait as pending
	Total   int // subtasks handed out by one dispatch
	// Only restricts a dispatch to one task, if it is not empty: `soundings
	// analyze` takes nothing else out of a database that others share.
	Only ID
}

// DefaultLimits are 16 subtasks of a task, 32 of a user, 20 tasks of a user.
func DefaultLimits() Limits { return Limits{PerTask: 16, PerUser: 32, Running: 20, Total: 256} }

// Claimant is a live task that has due subtasks.
type Claimant struct {
	Task   ID
	User   access.UserID
	Status Status
	Queued int // subtasks of the task on the queue now
	Due    int // subtasks of the task that could be enqueued, as far as counted
}

// Share says how many due subtasks of each task go onto the queue now. Users
// take turns, and so do the tasks of one user, oldest first: claimants come in
// the order of their ids. running counts each user's tasks that have begun and
// not ended.
func Share(claimants []Claimant, running map[access.UserID]int, l Limits) map[ID]int {
	users, byUser := admit(claimants, running, l)
	share, queued, total := map[ID]int{}, map[access.UserID]int{}, 0
	for _, c := range claimants {
		queued[c.User] += c.Queued
	}
	for progress := true; progress && total < l.Total; {
		progress = false
		for _, u := range users {
			if total >= l.Total || queued[u] >= l.PerUser {
				continue
			}
			if id, ok := turn(byUser[u], share, l.PerTask); ok {
				share[id]++
				queued[u]++
				total++
				progress = true
			}
		}
	}
	return share
}

// admit returns the users in the order of their first claimant, and what of
// theirs may run: begun tasks, and pending ones up to the limit.
func admit(claimants []Claimant, running map[access.UserID]int, l Limits) ([]access.UserID, map[access.UserID][]Claimant) {
	var users []access.UserID
	byUser, begun := map[access.UserID][]Claimant{}, map[access.UserID]int{}
	for _, c := range claimants {
		if _, seen := begun[c.User]; !seen {
			begun[c.User] = running[c.User]
			users = append(users, c.User)
		}
		if c.Status == Pending && c.Queued == 0 && l.Only == "" {
			if begun[c.User] >= l.Running {
				continue
			}
			begun[c.User]++
		}
		byUser[c.User] = append(byUser[c.User], c)
	}
	return users, byUser
}

// turn returns the user's task that has the fewest subtasks on the queue and
// may have one more.
func turn(tasks []Claimant, share map[ID]int, perTask int) (ID, bool) {
	best, least := ID(""), perTask
	for _, c := range tasks {
		if have := c.Queued + share[c.Task]; share[c.Task] < c.Due && have < least {
			best, least = c.Task, have
		}
	}
	return best, best != ""
}
