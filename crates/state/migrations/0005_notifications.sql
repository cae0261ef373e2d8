-- What is counted and searched: small rows. outcome: 0 delivered, 1 failed, 2 held.
CREATE TABLE notification (
    id INTEGER NOT NULL PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    receiver TEXT NOT NULL,
    integration TEXT NOT NULL,
    place INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    outcome_text TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    test INTEGER NOT NULL,
    team TEXT NOT NULL,
    exempt INTEGER NOT NULL
);
CREATE INDEX notification_time ON notification (at_ms);
CREATE INDEX notification_receiver ON notification (receiver, id);
-- Of the few that failed; one of all outcomes would lure the planner away from time.
CREATE INDEX notification_failed ON notification (id) WHERE outcome = 1;

-- What was sent: large rows. firing, resolved: fingerprints, 8 bytes each,
-- little end first.
CREATE TABLE notification_text (
    id INTEGER NOT NULL PRIMARY KEY,
    group_key TEXT NOT NULL,
    group_labels BLOB NOT NULL,
    group_labels_json TEXT NOT NULL,
    reason TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    firing BLOB NOT NULL,
    resolved BLOB NOT NULL
);

CREATE TABLE notification_alert (
    notification_id INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    PRIMARY KEY (notification_id, fingerprint)
);
CREATE INDEX notification_alert_fingerprint ON notification_alert (fingerprint, notification_id);

-- Kept for a digest; digest_id: taken into that one, which is not finished yet.
CREATE TABLE held (
    notification_id INTEGER NOT NULL PRIMARY KEY,
    team TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    payload TEXT NOT NULL,
    digest_id INTEGER
);
CREATE INDEX held_due ON held (team, due_ms);

CREATE TABLE digest (
    id INTEGER NOT NULL PRIMARY KEY,
    team TEXT NOT NULL,
    taken_ms INTEGER NOT NULL
);

INSERT INTO sequence (name, last) VALUES ('notification', 0), ('digest', 0);
