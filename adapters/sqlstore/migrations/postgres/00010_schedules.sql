-- +goose Up

CREATE TABLE schedules (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    task_id    uuid NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    every      bigint NOT NULL, -- nanoseconds; 0 where cron says it
    cron       text NOT NULL,
    zone       text NOT NULL,
    how        text NOT NULL,
    ends_at    timestamptz,
    next_at    timestamptz, -- null once it has ended
    last_at    timestamptz,
    runs       bigint NOT NULL,
    skipped    bigint NOT NULL,
    note       text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX schedules_user ON schedules (user_id, id DESC);
CREATE INDEX schedules_task ON schedules (task_id);
CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;

-- +goose Down

DROP TABLE schedules;
