-- +goose Up

-- When each pass through a task's sources began: how old what it fetched is.
CREATE TABLE runs (
    task_id       text NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    run           int NOT NULL,
    provider      text NOT NULL,
    began_at      text NOT NULL,
    texts_dropped integer NOT NULL,
    PRIMARY KEY (task_id, run)
) STRICT;
CREATE INDEX runs_with_texts ON runs (provider, began_at) WHERE NOT texts_dropped;
INSERT INTO runs (task_id, run, provider, began_at, texts_dropped)
    SELECT id, run, provider, created_at, 0 FROM tasks WHERE kind = 'analysis';

CREATE INDEX tasks_finished ON tasks (provider, finished_at) WHERE finished_at IS NOT NULL;

-- +goose Down

DROP INDEX tasks_finished;
DROP TABLE runs;
