-- +goose Up

-- The oldest version of these tables whose programs can live with them as they are. A migration that takes away what an
-- older program uses raises it (UPDATE schema_floor SET version = ...), and so keeps such programs from starting.
CREATE TABLE schema_floor (version bigint NOT NULL);
INSERT INTO schema_floor (version) VALUES (14);

-- +goose Down

DROP TABLE schema_floor;
