package rest_test

import "net/http"

// ask is one way to call an operation. Words in braces stand for what the owner
// has (belongings_test.go).
type ask struct {
	// params are the values of the path's parameters, by name.
	params map[string]string
	body   string
	// owner is what the owner gets, or somebody with queues:admin: a 404 that they
	// get as well would prove nothing.
	owner int
	// shows are what the owner's answer has in it, and nobody else's.
	shows []string
}

func id(of string) map[string]string { return map[string]string{"id": of} }

func queue(job string) map[string]string {
	return map[string]string{"name": "fetch_content", "id": job}
}

// recipes say how each operation is walked, by operationId; TestWalk demands one
// of each, and says what it lacks.
var recipes = map[string][]ask{
	"createTask": {
		{body: `{"url":"` + someVideo + `"}`, owner: http.StatusAccepted},
		{body: `{"url":"` + someVideo + `","integrationId":"{integration}"}`, owner: http.StatusAccepted},
	},
	"estimateTask": {
		{body: `{"url":"` + someVideo + `"}`, owner: http.StatusOK},
		{body: `{"url":"` + someVideo + `","integrationId":"{integration}"}`, owner: http.StatusOK},
	},
	"listTasks": {{owner: http.StatusOK, shows: []string{"{task}", "{export}"}}},
	"getTask": {
		{params: id("{task}"), owner: http.StatusOK, shows: []string{"{task}"}},
		{params: id("{export}"), owner: http.StatusOK, shows: []string{"{export}"}},
	},
	"deleteTask": {
		{params: id("{running}"), owner: http.StatusConflict},
		{params: id("{export}"), owner: http.StatusNoContent},
		{params: id("{ended}"), owner: http.StatusNoContent},
	},
	"pauseTask":  {{params: id("{running}"), owner: http.StatusAccepted, shows: []string{"{running}"}}},
	"resumeTask": {{params: id("{paused}"), owner: http.StatusAccepted, shows: []string{"{paused}"}}},
	"retryTask":  {{params: id("{ended}"), owner: http.StatusAccepted, shows: []string{"{ended}"}}},
	"refreshTask": {
		{params: id("{ended}"), body: `{"full":true}`, owner: http.StatusAccepted, shows: []string{"{ended}"}},
		{params: id("{running}"), body: `{}`, owner: http.StatusConflict},
	},
	"cancelTask":   {{params: id("{running}"), owner: http.StatusAccepted}},
	"listSubtasks": {{params: id("{task}"), owner: http.StatusOK, shows: []string{"{task}", "{subtask}"}}},
	"listPosts":    {{params: id("{task}"), owner: http.StatusOK, shows: []string{"{post}", "{text}"}}},
	"watchTask":    {{params: id("{ended}"), owner: http.StatusOK, shows: []string{"{ended}"}}}, // the only one with an end
	"judgeSpam": {
		{params: map[string]string{"id": "{task}", "postId": "{post}"}, body: `{"verdict":"spam"}`, owner: http.StatusOK, shows: []string{"{post}"}},
	},
	"getSummary":   {{params: id("{task}"), owner: http.StatusOK}},
	"getPlot":      {{params: map[string]string{"id": "{task}", "plot": "mix.svg"}, owner: http.StatusOK}},
	"createExport": {{body: `{"taskId":"{task}","format":"csv"}`, owner: http.StatusAccepted, shows: []string{"{task}"}}},
	"downloadExport": {
		{params: id("{export}"), owner: http.StatusOK, shows: []string{"{text}"}},
	},
	"eraseMyData":       {{owner: http.StatusNoContent}},
	"listSchedules":     {{owner: http.StatusOK, shows: []string{"{schedule}", "{task}"}}},
	"createSchedule":    {{body: `{"taskId":"{task}","everyMinutes":60}`, owner: http.StatusCreated, shows: []string{"{task}"}}},
	"deleteSchedule":    {{params: id("{schedule}"), owner: http.StatusNoContent}},
	"getManifest":       {{params: id("{export}"), owner: http.StatusOK, shows: []string{"{task}"}}},
	"listIntegrations":  {{owner: http.StatusOK, shows: []string{"{integration}", "{account}"}}},
	"deleteIntegration": {{params: id("{integration}"), owner: http.StatusNoContent}},
	"beginIntegration": {
		{params: map[string]string{"providerId": "youtube"}, body: `{"returnTo":"` + webApp + `"}`, owner: http.StatusOK},
	},
	"completeIntegration": {{body: `{"connection":"{connection}"}`, owner: http.StatusOK}},
	"listQueues":          {{owner: http.StatusOK}},
	"getMetrics":          {{owner: http.StatusOK}},
	"getQueue":            {{params: queue(""), owner: http.StatusOK}},
	"pauseQueue":          {{params: queue(""), owner: http.StatusAccepted}},
	"resumeQueue":         {{params: queue(""), owner: http.StatusAccepted}},
	"listJobs":            {{params: queue(""), owner: http.StatusOK, shows: []string{"{job}", "{dead}"}}},
	"retryDeadJobs":       {{params: queue(""), owner: http.StatusAccepted}},
	"retryJob":            {{params: queue("{dead}"), owner: http.StatusAccepted}},
	"deleteJob":           {{params: queue("{job}"), owner: http.StatusAccepted}},
	"listProviders":       {{owner: http.StatusOK}},
	"getMe":               {{owner: http.StatusOK, shows: []string{"{user}", "{name}"}}},
	"listAPIKeys":         {{owner: http.StatusOK, shows: []string{"{key}"}}},
	"createAPIKey":        {{body: `{"name":"k"}`, owner: http.StatusCreated}},
	"revokeAPIKey":        {{params: id("{key}"), owner: http.StatusNoContent}},
}
