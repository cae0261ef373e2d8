-- What changes while an alert lasts, and what is searched: small rows. label_bits:
-- three bits for each label, see src/episodes/bits.rs.
CREATE TABLE episode (
    id INTEGER NOT NULL PRIMARY KEY,
    fingerprint INTEGER NOT NULL,
    alertname TEXT NOT NULL,
    severity TEXT NOT NULL,
    team TEXT NOT NULL,
    label_bits INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    resolved_ms INTEGER,
    notified_ms INTEGER,
    ack_at_ms INTEGER,
    ack_until_ms INTEGER,
    ack_by TEXT,
    ack_comment TEXT,
    ack_via TEXT,
    assigned_to TEXT,
    judgement INTEGER
);
CREATE INDEX episode_fingerprint ON episode (fingerprint, id);
CREATE INDEX episode_alertname ON episode (alertname, id);
CREATE INDEX episode_open ON episode (id) WHERE resolved_ms IS NULL;

-- What was told of it: large rows. labels: the canonical encoding.
CREATE TABLE episode_text (
    id INTEGER NOT NULL PRIMARY KEY,
    labels BLOB NOT NULL,
    labels_json TEXT NOT NULL,
    annotations TEXT NOT NULL,
    generator_url TEXT NOT NULL
);

INSERT INTO sequence (name, last) VALUES ('episode', 0);
