-- +goose Up

-- The words that mark each side of an ended analysis, and when they are to be
-- worked out.
CREATE TABLE words (
    task_id  uuid PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    user_id  uuid NOT NULL,
    ended_at timestamptz NOT NULL, -- the end that they are of
    words    jsonb, -- null until they are worked out
    asked    bigint NOT NULL, -- how often they became due
    begun    bigint NOT NULL, -- leases; it tells one from the next
    due_at   timestamptz -- or the end of the lease; null where nothing is to be done
);
CREATE INDEX words_due ON words (due_at, task_id) WHERE due_at IS NOT NULL;

-- What a person's verdict on a post overruled, until it is taken back.
CREATE TABLE overruled (
    task_id         uuid NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    external_id     text COLLATE "C" NOT NULL,
    batch_id        uuid NOT NULL, -- of the post then: another one means another text
    spam_verdict    text,
    spam_score      double precision,
    spam_reasons    jsonb,
    spam_model      text,
    sentiment_label text,
    sentiment_score double precision,
    sentiment_model text,
    PRIMARY KEY (task_id, external_id)
);

INSERT INTO words (task_id, user_id, ended_at, asked, begun, due_at)
SELECT id, user_id, finished_at, 1, 0, 'epoch' FROM tasks
WHERE kind = 'analysis' AND status IN ('completed', 'completed_partial', 'failed', 'cancelled') AND finished_at IS NOT NULL;

-- +goose Down

DROP TABLE overruled, words;
