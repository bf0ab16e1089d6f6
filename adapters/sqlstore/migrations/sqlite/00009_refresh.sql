-- +goose Up

-- How many posts the provider announced below this one, by which a refresh sees
-- where it has to look.
ALTER TABLE posts ADD COLUMN replies integer NOT NULL DEFAULT 0;

-- +goose Down

ALTER TABLE posts DROP COLUMN replies;
