-- +goose Up

CREATE TABLE schedules (
    id         text PRIMARY KEY,
    user_id    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    task_id    text NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    every      integer NOT NULL, -- nanoseconds; 0 where cron says it
    cron       text NOT NULL,
    zone       text NOT NULL,
    how        text NOT NULL,
    ends_at    text,
    next_at    text, -- null once it has ended
    last_at    text,
    runs       integer NOT NULL,
    skipped    integer NOT NULL,
    note       text NOT NULL,
    created_at text NOT NULL
) STRICT;
CREATE INDEX schedules_user ON schedules (user_id, id DESC);
CREATE INDEX schedules_task ON schedules (task_id);
CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;

-- +goose Down

DROP TABLE schedules;
