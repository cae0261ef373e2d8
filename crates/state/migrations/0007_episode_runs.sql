-- Runs of episodes: what is known of each without unpacking it. See src/episodes/run.rs.
CREATE TABLE episode_run (
    id INTEGER NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL,
    count INTEGER NOT NULL,
    started_min_ms INTEGER NOT NULL,
    started_max_ms INTEGER NOT NULL,
    ended_min_ms INTEGER,
    ended_max_ms INTEGER,
    open INTEGER NOT NULL
);

-- name: filter, begun, labels, texts, fates.
CREATE TABLE episode_column (
    run INTEGER NOT NULL,
    name TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run, name)
);
