-- +goose Up

-- The words that mark each side of an ended analysis, and when they are to be
-- worked out.
CREATE TABLE words (
    task_id  text PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    user_id  text NOT NULL,
    ended_at text NOT NULL, -- the end that they are of
    words    text, -- null until they are worked out
    asked    integer NOT NULL, -- how often they became due
    begun    integer NOT NULL, -- leases; it tells one from the next
    due_at   text -- or the end of the lease; null where nothing is to be done
) STRICT;
CREATE INDEX words_due ON words (due_at, task_id) WHERE due_at IS NOT NULL;

-- What a person's verdict on a post overruled, until it is taken back.
CREATE TABLE overruled (
    task_id         text NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    external_id     text NOT NULL,
    batch_id        text NOT NULL, -- of the post then: another one means another text
    spam_verdict    text,
    spam_score      real,
    spam_reasons    text,
    spam_model      text,
    sentiment_label text,
    sentiment_score real,
    sentiment_model text,
    PRIMARY KEY (task_id, external_id)
) STRICT, WITHOUT ROWID;

INSERT INTO words (task_id, user_id, ended_at, asked, begun, due_at)
SELECT id, user_id, finished_at, 1, 0, '1970-01-01 00:00:00+00:00' FROM tasks
WHERE kind = 'analysis' AND status IN ('completed', 'completed_partial', 'failed', 'cancelled') AND finished_at IS NOT NULL;

-- +goose Down

DROP TABLE overruled;
DROP TABLE words;
