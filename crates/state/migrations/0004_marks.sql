-- What people said of alerts that fire.
CREATE TABLE mark (
    fingerprint INTEGER NOT NULL PRIMARY KEY,
    ack_at_ms INTEGER,
    ack_until_ms INTEGER,
    ack_by TEXT,
    ack_comment TEXT,
    ack_via TEXT,
    assigned_to TEXT
);

CREATE TABLE mark_event (
    id INTEGER NOT NULL PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    what TEXT NOT NULL,
    author TEXT NOT NULL,
    body TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    via TEXT NOT NULL
);
CREATE INDEX mark_event_time ON mark_event (at_ms);
CREATE INDEX mark_event_fingerprint ON mark_event (fingerprint, at_ms);

INSERT INTO sequence (name, last) VALUES ('mark_event', 0);
