package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/soundings-io/soundings/domain/task"
)

const (
	// pagesCorpora makes 103,512 posts of the corpus.
	pagesCorpora = 2
	pageLooks    = 11
	longestPage  = 50 // milliseconds (issue 5)
	// longestPageBytes is what a page may weigh over the wire.
	longestPageBytes = 60 << 10
)

// measurePages reads the console's pages of a task with a hundred thousand
// posts, one after another as a person does, and judges the slowest kinds.
func measurePages(ctx context.Context, b *bench) error {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return err
	}
	defer drop()
	store, err := b.openStore(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	made, err := b.judgedTask(ctx, store, address, pagesCorpora)
	if err != nil {
		return err
	}
	// Verdicts in the shares of the field, and in no order of time.
	if err := b.execute(ctx, address, `UPDATE posts SET
		spam_verdict = CASE WHEN hashtext(external_id) % 500 = 0 THEN 'spam' ELSE 'ok' END,
		sentiment_label = CASE WHEN hashtext(id::text) % 3 = 0 THEN 'negative' WHEN hashtext(id::text) % 3 = 1 THEN 'neutral' ELSE 'positive' END`,
		"VACUUM ANALYZE posts"); err != nil {
		return err
	}
	folder, err := b.newFolder("pages")
	if err != nil {
		return err
	}
	api, err := b.start(ctx, "api", "DATABASE_URL="+address, "REDIS_URL="+b.servers.Redis.URL, "SOUNDINGS_DATA_DIR="+folder)
	if err != nil {
		return err
	}
	defer api.stop()
	c, err := b.newClient(ctx, api, address)
	if err != nil {
		return err
	}
	person, err := c.signIn(ctx)
	if err != nil {
		return err
	}
	if err := b.lookAtPages(ctx, person, made.ID); err != nil {
		return err
	}
	return b.lookAtFigures(ctx, person, made.ID)
}

// lookAtFigures times what the script of a large task's page asks for: all
// posts are read for the first look, and none for those after it.
func (b *bench) lookAtFigures(ctx context.Context, p *person, id task.ID) error {
	for _, look := range []string{"the first look", "the second"} {
		began := time.Now()
		if _, err := p.look(ctx, "/console/tasks/"+string(id)+"/figures"); err != nil {
			return err
		}
		b.table.note("… figures in a request of their own, "+look, figure{milliseconds(time.Since(began)), "ms"}.String())
	}
	return nil
}

func (b *bench) lookAtPages(ctx context.Context, p *person, id task.ID) error {
	path := "/console/tasks/" + string(id)
	b.table.note("console, 103,512 posts on Postgres: median of 11 looks, the whole page read", "")
	for _, page := range []struct{ name, path string }{
		{"list of tasks", "/console/tasks"},
		{"the task", path},
		{"posts, newest first", path + "/posts"},
		{"posts, oldest first", path + "/posts?sort=published"},
		{"posts, most liked", path + "/posts?sort=-likes"},
		{"spam alone, 1 of 500", path + "/posts?spam=spam"},
		{"negative alone", path + "/posts?sentiment=negative"},
		{"words found in many", path + "/posts?q=love"},
		{"words found nowhere", path + "/posts?q=xylophonist"},
		{"… most liked first", path + "/posts?q=xylophonist&sort=-likes"},
		{"an author without posts", path + "/posts?author=nobody"},
	} {
		var took []float64
		for range pageLooks {
			began := time.Now()
			bytes, err := p.look(ctx, page.path)
			if err != nil {
				return err
			}
			if bytes > longestPageBytes {
				return fmt.Errorf("%s: %d bytes", page.path, bytes)
			}
			took = append(took, milliseconds(time.Since(began)))
		}
		b.say("%s: %.1f ms", page.name, took)
		b.table.below("… "+strings.TrimPrefix(page.name, "… "), median(took), longestPage, "ms")
	}
	return nil
}

// person uses the console through a browser's session.
type person struct {
	url    string
	client *http.Client
}

var formToken = regexp.MustCompile(`name="token" value="([^"]*)"`)

// signIn gives the client's key to the console.
func (c client) signIn(ctx context.Context) (*person, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	p := &person{url: c.url, client: &http.Client{Jar: jar}}
	form, err := p.send(ctx, http.MethodGet, "/console/login", nil)
	if err != nil {
		return nil, err
	}
	token := formToken.FindStringSubmatch(form)
	if token == nil {
		return nil, fmt.Errorf("the console has no form to sign in with")
	}
	_, err = p.send(ctx, http.MethodPost, "/console/login", url.Values{"token": {token[1]}, "key": {c.key}})
	return p, err
}

// look reads a page as a browser that accepts gzip, and returns its weight.
func (p *person) look(ctx context.Context, path string) (int, error) {
	body, err := p.send(ctx, http.MethodGet, path, nil)
	return len(body), err
}

func (p *person) send(ctx context.Context, method, path string, form url.Values) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, p.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", p.url)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	return string(body), err
}
