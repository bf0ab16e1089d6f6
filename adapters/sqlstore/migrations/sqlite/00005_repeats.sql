-- +goose Up

-- How often a text occurs in a task, where that is more than once: counted when
-- everything is fetched, so that the posts can be judged again.
CREATE TABLE repeats (
    task_id     text NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    fingerprint integer NOT NULL,
    occurrences integer NOT NULL,
    PRIMARY KEY (task_id, fingerprint)
) STRICT, WITHOUT ROWID;

-- +goose Down

DROP TABLE repeats;
