-- Numbers that are handed out, by what they count.
CREATE TABLE sequence (
    name TEXT NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL
);

-- body: JSON with matchers, annotations, recurrence.
CREATE TABLE silence (
    id TEXT NOT NULL PRIMARY KEY,
    starts_ns INTEGER NOT NULL,
    ends_ns INTEGER NOT NULL,
    updated_ns INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    comment TEXT NOT NULL,
    until_resolved INTEGER NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE silence_event (
    id INTEGER NOT NULL PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    silence_id TEXT NOT NULL,
    what TEXT NOT NULL,
    author TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX silence_event_time ON silence_event (at_ms);

INSERT INTO sequence (name, last) VALUES ('silence_event', 0);
