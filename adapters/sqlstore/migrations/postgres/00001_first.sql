-- +goose Up

CREATE TABLE users (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    issuer     text NOT NULL,
    subject    text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_identity ON users (issuer, subject) WHERE issuer <> '';
CREATE UNIQUE INDEX users_name ON users (name) WHERE issuer = '';

CREATE TABLE api_keys (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name        text NOT NULL,
    hash        bytea NOT NULL,
    permissions jsonb NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz,
    revoked_at  timestamptz
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);
CREATE INDEX api_keys_user ON api_keys (user_id, id DESC) WHERE revoked_at IS NULL;

CREATE TABLE idempotency_keys (
    user_id    uuid NOT NULL,
    path       text NOT NULL,
    key        text NOT NULL,
    body_hash  bytea NOT NULL,
    status     int NOT NULL, -- 0 while the first request is in work
    location   text NOT NULL,
    body       bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, path, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

CREATE TABLE tasks (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL,
    kind           text NOT NULL,
    status         text NOT NULL,
    run            int NOT NULL,
    provider       text NOT NULL,
    kinds          text NOT NULL, -- the kinds it is found by: those of its sources, or export
    sources        jsonb NOT NULL,
    integration_id text NOT NULL,
    token_source   text NOT NULL,
    options        jsonb NOT NULL,
    export         jsonb,
    export_of      uuid,
    subtasks       bigint NOT NULL,
    succeeded      bigint NOT NULL,
    failed         bigint NOT NULL,
    cancelled      bigint NOT NULL,
    fetched        bigint NOT NULL,
    spam           bigint NOT NULL,
    scored         bigint NOT NULL,
    expected       bigint NOT NULL,
    opened         bigint NOT NULL,
    discussion     bigint NOT NULL, -- comments and replies stored, kept only where options cap them
    missing        jsonb,
    problems       jsonb,
    final_pass     boolean NOT NULL,
    created_at     timestamptz NOT NULL,
    started_at     timestamptz,
    finished_at    timestamptz,
    retry_at       timestamptz
) WITH (fillfactor = 70);
CREATE INDEX tasks_user ON tasks (user_id, id DESC);
CREATE INDEX tasks_live ON tasks (user_id, id) WHERE status IN ('pending', 'running', 'waiting');
CREATE INDEX tasks_exports ON tasks (export_of) WHERE export_of IS NOT NULL;

CREATE TABLE subtasks (
    id             uuid PRIMARY KEY,
    task_id        uuid NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    type           text NOT NULL,
    status         text NOT NULL,
    rank           smallint NOT NULL, -- the lower, the sooner it is dispatched
    generation     bigint NOT NULL,
    attempt        int NOT NULL,
    lost           int NOT NULL,
    payload        jsonb NOT NULL,
    cursor         jsonb NOT NULL,
    batch          uuid,
    batch_posts    bigint NOT NULL,
    subtasks       bigint NOT NULL, -- created by this one
    fetched        bigint NOT NULL,
    spam           bigint NOT NULL,
    scored         bigint NOT NULL,
    expected       bigint NOT NULL,
    opened         bigint NOT NULL,
    missing        jsonb,
    problem        jsonb,
    token_source   text NOT NULL,
    auth_method    text NOT NULL,
    integration_id text NOT NULL,
    owner          text NOT NULL,
    lease_until    timestamptz,
    queued_at      timestamptz,
    run_at         timestamptz NOT NULL,
    parked_since   timestamptz,
    created_at     timestamptz NOT NULL,
    started_at     timestamptz,
    finished_at    timestamptz
) WITH (fillfactor = 70);
CREATE INDEX subtasks_task ON subtasks (task_id, id);
CREATE INDEX subtasks_open ON subtasks (task_id) WHERE status IN ('pending', 'queued', 'running', 'waiting');
CREATE INDEX subtasks_due ON subtasks (task_id, rank, run_at, id) WHERE status = 'pending';
CREATE INDEX subtasks_queued ON subtasks (task_id) WHERE status = 'queued';
CREATE INDEX subtasks_running ON subtasks (owner) WHERE status = 'running';
CREATE INDEX subtasks_waiting ON subtasks (task_id, run_at) WHERE status = 'waiting';

-- No foreign key to tasks: a check for each post would cost more than the
-- insert, and only DeleteTask removes tasks. The key begins with the task, so
-- that the table can be partitioned by range of task_id.
-- An unknown published_at is the year 1, so that lists go by one index.
CREATE TABLE posts (
    task_id            uuid NOT NULL,
    external_id        text COLLATE "C" NOT NULL, -- by bytes: exports are in this order, and it compares fast
    id                 uuid NOT NULL,
    batch_id           uuid NOT NULL,
    published_at       timestamptz NOT NULL,
    edited_at          timestamptz,
    likes              bigint NOT NULL,
    fingerprint        bigint, -- null for short and deleted texts
    occurrences        int NOT NULL, -- of the fingerprint in the task, as last counted
    first_run          int NOT NULL,
    last_seen_run      int NOT NULL,
    by_owner           boolean NOT NULL,
    deleted            boolean NOT NULL,
    kind               text NOT NULL,
    parent_external_id text NOT NULL,
    root_external_id   text NOT NULL,
    author_name        text NOT NULL,
    author_external_id text NOT NULL,
    body               text NOT NULL,
    url                text NOT NULL,
    spam_score         double precision,
    sentiment_score    double precision,
    spam_verdict       text,
    spam_reasons       jsonb,
    spam_model         text,
    sentiment_label    text,
    sentiment_model    text,
    PRIMARY KEY (task_id, external_id)
) WITH (fillfactor = 45);
CREATE INDEX posts_published ON posts (task_id, published_at);
CREATE INDEX posts_batch ON posts (batch_id, id);

-- +goose Down

DROP TABLE posts, subtasks, tasks, idempotency_keys, api_keys, users;
