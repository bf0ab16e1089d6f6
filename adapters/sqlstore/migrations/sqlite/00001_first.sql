-- +goose Up

CREATE TABLE users (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    issuer     text NOT NULL,
    subject    text NOT NULL,
    created_at text NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_identity ON users (issuer, subject) WHERE issuer <> '';
CREATE UNIQUE INDEX users_name ON users (name) WHERE issuer = '';

CREATE TABLE api_keys (
    id          text PRIMARY KEY,
    user_id     text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name        text NOT NULL,
    hash        blob NOT NULL,
    permissions text NOT NULL,
    created_at  text NOT NULL,
    expires_at  text,
    revoked_at  text
) STRICT;
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);
CREATE INDEX api_keys_user ON api_keys (user_id, id DESC) WHERE revoked_at IS NULL;

CREATE TABLE idempotency_keys (
    user_id    text NOT NULL,
    path       text NOT NULL,
    key        text NOT NULL,
    body_hash  blob NOT NULL,
    status     integer NOT NULL, -- 0 while the first request is in work
    location   text NOT NULL,
    body       blob NOT NULL,
    created_at text NOT NULL,
    PRIMARY KEY (user_id, path, key)
) STRICT;
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

CREATE TABLE tasks (
    id             text PRIMARY KEY,
    user_id        text NOT NULL,
    kind           text NOT NULL,
    status         text NOT NULL,
    run            integer NOT NULL,
    provider       text NOT NULL,
    kinds          text NOT NULL, -- the kinds it is found by: those of its sources, or export
    sources        text NOT NULL,
    integration_id text NOT NULL,
    token_source   text NOT NULL,
    options        text NOT NULL,
    export         text,
    export_of      text,
    subtasks       integer NOT NULL,
    succeeded      integer NOT NULL,
    failed         integer NOT NULL,
    cancelled      integer NOT NULL,
    fetched        integer NOT NULL,
    spam           integer NOT NULL,
    scored         integer NOT NULL,
    expected       integer NOT NULL,
    opened         integer NOT NULL,
    discussion     integer NOT NULL, -- comments and replies stored, kept only where options cap them
    missing        text,
    problems       text,
    final_pass     integer NOT NULL,
    created_at     text NOT NULL,
    started_at     text,
    finished_at    text,
    retry_at       text
) STRICT;
CREATE INDEX tasks_user ON tasks (user_id, id DESC);
CREATE INDEX tasks_live ON tasks (user_id, id) WHERE status IN ('pending', 'running', 'waiting');
CREATE INDEX tasks_exports ON tasks (export_of) WHERE export_of IS NOT NULL;

CREATE TABLE subtasks (
    id             text PRIMARY KEY,
    task_id        text NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    type           text NOT NULL,
    status         text NOT NULL,
    rank           integer NOT NULL, -- the lower, the sooner it is dispatched
    generation     integer NOT NULL,
    attempt        integer NOT NULL,
    lost           integer NOT NULL,
    payload        text NOT NULL,
    cursor         text NOT NULL,
    batch          text,
    batch_posts    integer NOT NULL,
    subtasks       integer NOT NULL, -- created by this one
    fetched        integer NOT NULL,
    spam           integer NOT NULL,
    scored         integer NOT NULL,
    expected       integer NOT NULL,
    opened         integer NOT NULL,
    missing        text,
    problem        text,
    token_source   text NOT NULL,
    auth_method    text NOT NULL,
    integration_id text NOT NULL,
    owner          text NOT NULL,
    lease_until    text,
    queued_at      text,
    run_at         text NOT NULL,
    parked_since   text,
    created_at     text NOT NULL,
    started_at     text,
    finished_at    text
) STRICT;
CREATE INDEX subtasks_task ON subtasks (task_id, id);
CREATE INDEX subtasks_open ON subtasks (task_id) WHERE status IN ('pending', 'queued', 'running', 'waiting');
CREATE INDEX subtasks_due ON subtasks (task_id, rank, run_at, id) WHERE status = 'pending';
CREATE INDEX subtasks_queued ON subtasks (task_id) WHERE status = 'queued';
CREATE INDEX subtasks_running ON subtasks (owner) WHERE status = 'running';
CREATE INDEX subtasks_waiting ON subtasks (task_id, run_at) WHERE status = 'waiting';

-- Ids and JSON documents are text; times are UTC text in bun's format, which
-- sorts as the times do.
-- An unknown published_at is the year 1, so that lists go by one index.
CREATE TABLE posts (
    task_id            text NOT NULL,
    external_id        text NOT NULL,
    id                 text NOT NULL,
    batch_id           text NOT NULL,
    published_at       text NOT NULL,
    edited_at          text,
    likes              integer NOT NULL,
    fingerprint        integer, -- null for short and deleted texts
    occurrences        integer NOT NULL, -- of the fingerprint in the task, as last counted
    first_run          integer NOT NULL,
    last_seen_run      integer NOT NULL,
    by_owner           integer NOT NULL,
    deleted            integer NOT NULL,
    kind               text NOT NULL,
    parent_external_id text NOT NULL,
    root_external_id   text NOT NULL,
    author_name        text NOT NULL,
    author_external_id text NOT NULL,
    body               text NOT NULL,
    url                text NOT NULL,
    spam_score         real,
    sentiment_score    real,
    spam_verdict       text,
    spam_reasons       text,
    spam_model         text,
    sentiment_label    text,
    sentiment_model    text,
    PRIMARY KEY (task_id, external_id)
) STRICT;
CREATE INDEX posts_published ON posts (task_id, published_at);
CREATE INDEX posts_batch ON posts (batch_id, id);

-- +goose Down

DROP TABLE posts;
DROP TABLE subtasks;
DROP TABLE tasks;
DROP TABLE idempotency_keys;
DROP TABLE api_keys;
DROP TABLE users;
